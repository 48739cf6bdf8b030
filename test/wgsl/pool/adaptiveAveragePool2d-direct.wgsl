// adaptiveAveragePool2d/direct: one pixel.
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

@compute @workgroup_size(1, 1, 64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (id.x >= p.out_width || id.y >= p.out_height) { return; }
  let rows = window(id.y, p.height, p.out_height);
  let columns = window(id.x, p.width, p.out_width);
  let pixels = (rows.y - rows.x) * (columns.y - columns.x);
  for (var plane = id.z; plane < p.planes; plane += groups.z * 64u) {
    let image = x_plane(plane);
    var sum = 0.0;
    
    for (var row = rows.x; row < rows.y; row++) {
      var row_sum = 0.0;
      for (var column = columns.x; column < columns.y; column++) {
        row_sum += f32(x[image + row * p.width + column]);
      }
      sum += row_sum;
    }
    
    y[y_plane(plane) + id.y * p.out_width + id.x] = stored(sum / f32(pixels));
  }
}
