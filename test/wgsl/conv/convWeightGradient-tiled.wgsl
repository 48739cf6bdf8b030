// convWeightGradient/tiled: 1x1 kernel, one pixel.
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
  let index = id.y * grid.x * 64u + id.x;
  let group_channels = p.channels / p.groups;
  let row_tiles = p.kernel_height / 1u;
  let channel_tiles = p.out_channels / 1u;
  let c_in_group = index % group_channels;
  let r0 = index / group_channels % row_tiles * 1u;
  let k0 = index / (group_channels * row_tiles) % channel_tiles * 1u;
  let part = index / (group_channels * row_tiles * channel_tiles);
  if (part >= p.parts) { return; }
  let c = k0 / (p.out_channels / p.groups) * group_channels + c_in_group;
  let plane = p.height * p.width;
  let out_plane = p.out_height * p.out_width;
  let last = i32(p.width) - 1;
  let all_rows = p.items * p.out_height;
  let part_rows = (all_rows + p.parts - 1u) / p.parts;
  var a0_0_0 = 0.0;
  for (var row = part * part_rows; row < min(all_rows, (part + 1u) * part_rows); row++) {
    let n = row / p.out_height;
    let i = row % p.out_height;
    let y_row = p.y_offset + n * p.y_batch_stride + k0 * out_plane + i * p.out_width;
    let x_plane = p.x_offset + n * p.x_batch_stride + c * plane;
    let h0 = i32(i * p.stride_height + (r0 + 0u) * p.dilation_height) - i32(p.pad_top); let ok0 = h0 >= 0 && h0 < i32(p.height);
    let row0 = x_plane + u32(clamp(h0, 0, i32(p.height) - 1)) * p.width;
    var a0_0_0_row = 0.0;
    for (var q = 0u; q < p.out_width; q += 4u) {
      let rest = p.out_width - 1u - q;
      let g0 = vec4f(select(0.0, f32(gy[y_row + 0u * out_plane + q + min(0u, rest)]), 0u <= rest), select(0.0, f32(gy[y_row + 0u * out_plane + q + min(1u, rest)]), 1u <= rest), select(0.0, f32(gy[y_row + 0u * out_plane + q + min(2u, rest)]), 2u <= rest), select(0.0, f32(gy[y_row + 0u * out_plane + q + min(3u, rest)]), 3u <= rest));
      let first = i32(q * 1u) - i32(p.pad_left);
      let c0 = first + 0; let in0 = c0 >= 0 && c0 <= last; let at0 = u32(clamp(c0, 0, last));
      let c1 = first + 1; let in1 = c1 >= 0 && c1 <= last; let at1 = u32(clamp(c1, 0, last));
      let c2 = first + 2; let in2 = c2 >= 0 && c2 <= last; let at2 = u32(clamp(c2, 0, last));
      let c3 = first + 3; let in3 = c3 >= 0 && c3 <= last; let at3 = u32(clamp(c3, 0, last));
      let x0_0 = select(0.0, f32(x[row0 + at0]), in0 && ok0); let x0_1 = select(0.0, f32(x[row0 + at1]), in1 && ok0); let x0_2 = select(0.0, f32(x[row0 + at2]), in2 && ok0); let x0_3 = select(0.0, f32(x[row0 + at3]), in3 && ok0);
      a0_0_0_row += g0[0] * x0_0 + g0[1] * x0_1 + g0[2] * x0_2 + g0[3] * x0_3;
    }
    a0_0_0 += a0_0_0_row;
  }
  let taps = p.kernel_height * 1u;
  let channel = part * p.out_channels + k0;
  let w_at = p.gw_offset + channel * p.gw_channel_stride + c_in_group * taps + r0 * 1u;
  gw[w_at + 0u * p.gw_channel_stride + 0u] = stored_sum(a0_0_0);
}
