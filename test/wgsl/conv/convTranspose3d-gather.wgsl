// convTranspose3d/gather: bias, residual and ReLU.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  channels: u32,
  height: u32,
  width: u32,
  out_channels: u32,
  out_height: u32,
  out_width: u32,
  kernel_height: u32,
  kernel_width: u32,
  stride_height: u32,
  stride_width: u32,
  pad_top: u32,
  pad_left: u32,
  dilation_height: u32,
  dilation_width: u32,
  groups: u32,
  items: u32,
  x_offset: u32,
  x_batch_stride: u32,
  residual_offset: u32,
  residual_batch_stride: u32,
  y_offset: u32,
  y_batch_stride: u32,
  depth: u32,
  slice_height: u32,
  out_depth: u32,
  out_slice_height: u32,
  slice_kernel_height: u32,
  stride_depth: u32,
  pad_front: u32,
  dilation_depth: u32,
}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> w: array<Element>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<Element>;
@group(0) @binding(4) var<storage, read_write> y: array<Element>;
@group(0) @binding(5) var<uniform> p: Params;
fn activate(v: f32) -> f32 {
  return select(v, f32(0.0), v < f32(0.0));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let element = id.y * grid.x * 64u + id.x;
  let k = element / (p.out_height * p.out_width);
  if (k >= p.out_channels) { return; }
  let row = element / p.out_width % p.out_slice_height + p.pad_top;
  let column = element % p.out_width + p.pad_left;
  let n = id.z;
  let group_channels = p.channels / p.groups;
  let group_out_channels = p.out_channels / p.groups;
  let first_channel = k / group_out_channels * group_channels;
  let plane = p.height * p.width;
  // Taps r of x row h have h * stride + r = row: from the last row that a tap reaches down to the first.
  let first_h = select(0u, (row - p.slice_kernel_height) / p.stride_height + 1u, row >= p.slice_kernel_height);
  let end_h = min(p.slice_height, row / p.stride_height + 1u);
  let first_v = select(0u, (column - p.kernel_width) / p.stride_width + 1u, column >= p.kernel_width);
  let end_v = min(p.width, column / p.stride_width + 1u);
  var sum = 0.0;
  let z = element / p.out_width / p.out_slice_height % p.out_depth + p.pad_front;
  let taps = p.kernel_height / p.slice_kernel_height;
  let first_d = select(0u, (z - taps) / p.stride_depth + 1u, z >= taps);
  let end_d = min(p.depth, z / p.stride_depth + 1u);
  for (var c = first_channel; c < first_channel + group_channels; c++) {
    let x_plane = p.x_offset + n * p.x_batch_stride + c * plane;
    let w_plane = (c * group_out_channels + k % group_out_channels) * p.kernel_height * p.kernel_width;
    for (var d = first_d; d < end_d; d++) {for (var h = first_h; h < end_h; h++) {
      let w_row = w_plane + ((z - d * p.stride_depth) * p.slice_kernel_height + row - h * p.stride_height) * p.kernel_width + column;
      for (var v = first_v; v < end_v; v++) {
        sum += f32(x[x_plane + (d * p.slice_height + h) * p.width + v]) * f32(w[w_row - v * p.stride_width]);
      }
    }}
  }
  
  sum += bias[k];
  
  
  sum += f32(residual[p.residual_offset + n * p.residual_batch_stride + element]);
  
  y[p.y_offset + n * p.y_batch_stride + element] = stored(activate(sum));
}
