// adaptiveAveragePool3d/shared: global, odd sizes, several workgroups.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  planes: u32,
  channels: u32,
  height: u32,
  width: u32,
  out_height: u32,
  out_width: u32,
  x_offset: u32,
  x_batch_stride: u32,
  y_offset: u32,
  y_batch_stride: u32,
  depth: u32,
  slice_height: u32,
  out_depth: u32,
  out_slice_height: u32,
}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read_write> y: array<Element>;
@group(0) @binding(2) var<uniform> p: Params;

fn x_plane(plane: u32) -> u32 {
  return p.x_offset + plane / p.channels * p.x_batch_stride + plane % p.channels * p.height * p.width;
}
fn y_plane(plane: u32) -> u32 {
  return p.y_offset + plane / p.channels * p.y_batch_stride + plane % p.channels * p.out_height * p.out_width;
}

// From .x, below .y.
fn window(output: u32, size: u32, out_size: u32) -> vec2u {
  return vec2u(output * size / out_size, ((output + 1u) * size + out_size - 1u) / out_size);
}

var<workgroup> partial: array<f32, 64>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(num_workgroups) groups: vec3u,
) {
  let slices = window(id.y / p.out_slice_height, p.depth, p.out_depth);
  let rows = window(id.y % p.out_slice_height, p.slice_height, p.out_slice_height);
  let columns = window(id.x, p.width, p.out_width);
  let width = columns.y - columns.x;
  let pixels = (slices.y - slices.x) * (rows.y - rows.x) * width;
  // Neighbouring lanes read neighbouring pixels; 64 pixels on is this many rows and columns on.
  let down = 64u / width;
  let right = 64u % width;
  for (var plane = id.z; plane < p.planes; plane += groups.z) {
    let image = x_plane(plane) + (slices.x * p.slice_height + rows.x) * p.width + columns.x;
    var row = lane / width;
    var column = lane % width;
    var sum = 0.0;
    for (var pixel = lane; pixel < pixels; pixel += 64u) {
      sum += f32(x[image + (row / (rows.y - rows.x) * p.slice_height + row % (rows.y - rows.x)) * p.width + column]);
      row += down;
      column += right;
      if (column >= width) {
        column -= width;
        row++;
      }
    }
    partial[lane] = sum;
    workgroupBarrier();
    for (var half = 32u; half > 0u; half /= 2u) {
      if (lane < half) { partial[lane] += partial[lane + half]; }
      workgroupBarrier();
    }
    if (lane == 0u) { y[y_plane(plane) + id.y * p.out_width + id.x] = stored(partial[0] / f32(pixels)); }
  }
}
