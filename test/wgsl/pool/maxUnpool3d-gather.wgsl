// maxUnpool3d/gather: windows side by side, batch 2.
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
  indices_offset: u32,
  indices_batch_stride: u32,
  kernel_depth: u32,
  kernel_height: u32,
  kernel_width: u32,
  stride_depth: u32,
  stride_height: u32,
  stride_width: u32,
  pad_front: u32,
  pad_top: u32,
  pad_left: u32,
}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(2) var<storage, read_write> y: array<Element>;
@group(0) @binding(3) var<uniform> p: Params;

fn x_plane(plane: u32) -> u32 {
  return p.x_offset + plane / p.channels * p.x_batch_stride + plane % p.channels * p.height * p.width;
}
fn y_plane(plane: u32) -> u32 {
  return p.y_offset + plane / p.channels * p.y_batch_stride + plane % p.channels * p.out_height * p.out_width;
}

fn windows(position: u32, pad: u32, reach: u32, stride: u32, count: u32) -> vec2u {
  let padded = position + pad;
  let first = select(0u, (padded - reach) / stride + 1u, padded >= reach);
  return vec2u(first, min(padded / stride + 1u, count));
}

@compute @workgroup_size(16, 4, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (id.x >= p.out_width || id.y >= p.out_height) { return; }
  let d = id.y / p.out_slice_height;
  let slices = windows(d, p.pad_front, p.kernel_depth, p.stride_depth, p.depth);
  let rows = windows(id.y % p.out_slice_height, p.pad_top, p.kernel_height, p.stride_height, p.slice_height);
  let columns = windows(id.x, p.pad_left, p.kernel_width, p.stride_width, p.width);
  let pixel = id.y * p.out_width + id.x;
  for (var plane = id.z; plane < p.planes; plane += groups.z * 1u) {
    let n = plane / p.channels;
    let chosen = p.indices_offset + n * p.indices_batch_stride + plane % p.channels * p.height * p.width;
    let image = x_plane(plane);
    var value = Element(0.0);
    for (var slice = slices.x; slice < slices.y; slice++) {
      for (var row = rows.x; row < rows.y; row++) {
        for (var column = columns.x; column < columns.y; column++) {
          let window = (slice * p.slice_height + row) * p.width + column;
          if (indices[chosen + window] == i32(pixel)) { value = x[image + window]; }
        }
      }
    }
    y[y_plane(plane) + pixel] = value;
  }
}
