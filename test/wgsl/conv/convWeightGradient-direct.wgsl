// convWeightGradient/direct: 1x1 kernel, one pixel.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
fn stored_sum(v: f32) -> f32 { return v; }
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
  parts: u32,
  gw_offset: u32,
  gw_channel_stride: u32,
}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> gy: array<Element>;
@group(0) @binding(2) var<storage, read_write> gw: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let element = id.y * grid.x * 64u + id.x;
  let group_channels = p.channels / p.groups;
  let taps = p.kernel_height * p.kernel_width;
  let k = element / (group_channels * taps);
  if (k >= p.out_channels) { return; }
  let c = k / (p.out_channels / p.groups) * group_channels + element / taps % group_channels;
  let r = element % taps / p.kernel_width;
  let s = element % p.kernel_width;
  var sum = 0.0;
  for (var n = 0u; n < p.items; n++) {
    let x_plane = p.x_offset + n * p.x_batch_stride + c * p.height * p.width;
    let y_plane = p.y_offset + n * p.y_batch_stride + k * p.out_height * p.out_width;
    for (var i = 0u; i < p.out_height; i++) {
      let row = i32(i * p.stride_height + r * p.dilation_height) - i32(p.pad_top);
      if (row < 0 || row >= i32(p.height)) { continue; }
      var row_sum = 0.0; // keeps the error of a long sum small
      for (var j = 0u; j < p.out_width; j++) {
        let column = i32(j * p.stride_width + s * p.dilation_width) - i32(p.pad_left);
        if (column < 0 || column >= i32(p.width)) { continue; }
        row_sum += f32(gy[y_plane + i * p.out_width + j]) * f32(x[x_plane + u32(row) * p.width + u32(column)]);
      }
      sum += row_sum;
    }
  }
  gw[p.gw_offset + k * p.gw_channel_stride + element % (group_channels * taps)] = stored_sum(sum);
}
