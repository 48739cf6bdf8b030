// maxPoolGradient/quads: exact fit of 2x2 windows.
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
  reach_depth: u32,
  reach_height: u32,
  reach_width: u32,
  stride_depth: u32,
  stride_height: u32,
  stride_width: u32,
  pad_front: u32,
  pad_top: u32,
  pad_left: u32,
}
@group(0) @binding(0) var<storage, read> gy: array<Element>;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(2) var<storage, read_write> gx: array<Element4>;
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

@compute @workgroup_size(4, 16, 1)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let first = id.x * 4u;
  if (first >= p.out_width || id.y >= p.out_height) { return; }
  let d = id.y / p.out_slice_height;
  let slices = windows(d, p.pad_front, p.reach_depth, p.stride_depth, p.depth);
  let rows = windows(id.y % p.out_slice_height, p.pad_top, p.reach_height, p.stride_height, p.slice_height);
  let left = windows(first, p.pad_left, p.reach_width, p.stride_width, p.width);
  let right = windows(first + 3u, p.pad_left, p.reach_width, p.stride_width, p.width);
  let pixel = id.y * p.out_width + first;
  for (var plane = id.z; plane < p.planes; plane += groups.z * 1u) {
    let n = plane / p.channels;
    let chosen = p.indices_offset + n * p.indices_batch_stride + plane % p.channels * p.height * p.width;
    let image = x_plane(plane);
    var sum = vec4f();
    for (var slice = slices.x; slice < slices.y; slice++) {
      for (var row = rows.x; row < rows.y; row++) {
        for (var column = left.x; column < right.y; column++) {
          let window = (slice * p.slice_height + row) * p.width + column;
          let index = indices[chosen + window] - i32(pixel);
          
          let start = i32(column * p.stride_width) - i32(p.pad_left) - i32(first);
          let value = select(0.0, f32(gy[image + window]), index >= start && index < start + i32(p.reach_width));
          sum += select(vec4f(), vec4f(value), vec4i(index) == vec4i(0, 1, 2, 3));
          
        }
      }
    }
    let at = y_plane(plane) + pixel;
    gx[(at) / 4u] = stored4(sum);
  }
}
