// maxUnpoolGradient/direct: one pixel.
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
@group(0) @binding(0) var<storage, read> gy: array<Element>;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(2) var<storage, read_write> gx: array<Element>;
@group(0) @binding(3) var<uniform> p: Params;

fn x_plane(plane: u32) -> u32 {
  return p.x_offset + plane / p.channels * p.x_batch_stride + plane % p.channels * p.height * p.width;
}
fn y_plane(plane: u32) -> u32 {
  return p.y_offset + plane / p.channels * p.y_batch_stride + plane % p.channels * p.out_height * p.out_width;
}

fn is_inside(at: u32, window: u32, pad: u32, kernel: u32, stride: u32) -> bool {
  return at + pad >= window * stride && at + pad < window * stride + kernel;
}

@compute @workgroup_size(1, 1, 64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (id.x >= p.out_width || id.y >= p.out_height) { return; }
  let z = id.y / p.out_slice_height;
  let i = id.y % p.out_slice_height;
  for (var plane = id.z; plane < p.planes; plane += groups.z * 64u) {
    let window = id.y * p.out_width + id.x;
    let chosen = p.indices_offset + plane / p.channels * p.indices_batch_stride + plane % p.channels * p.out_height * p.out_width;
    let index = indices[chosen + window];
    let pixel = u32(max(index, 0));
    let row = pixel / p.width;
    var value = Element();
    if (index >= 0 && row < p.height
      && is_inside(row / p.slice_height, z, p.pad_front, p.kernel_depth, p.stride_depth)
      && is_inside(row % p.slice_height, i, p.pad_top, p.kernel_height, p.stride_height)
      && is_inside(pixel % p.width, id.x, p.pad_left, p.kernel_width, p.stride_width)) {
      value = gy[x_plane(plane) + pixel];
    }
    gx[y_plane(plane) + window] = value;
  }
}
