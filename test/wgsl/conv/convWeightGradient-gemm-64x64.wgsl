// convWeightGradient/gemm-64x64: 1x1 kernel, one pixel.
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

var<workgroup> gs: array<vec4f, 272>;
var<workgroup> xs: array<vec4f, 272>;

fn store(part: u32, group: u32, k_in_group: u32, column: u32, sum: vec4f) {
  let group_out_channels = p.out_channels / p.groups;
  let columns = p.channels / p.groups * p.kernel_height * p.kernel_width;
  if (k_in_group >= group_out_channels || column >= columns) { return; }
  let channel = part * p.out_channels + group * group_out_channels + k_in_group;
  let at = p.gw_offset + channel * p.gw_channel_stride + column;
  for (var e = 0u; e < min(4u, columns - column); e++) { gw[at + e] = stored_sum(sum[e]); }
}

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let group_channels = p.channels / p.groups;
  let group_out_channels = p.out_channels / p.groups;
  let channel_tiles = (group_out_channels + 63u) / 64u;
  let group = id.y / channel_tiles;
  let tile_channel = id.y % channel_tiles * 64u;
  let tile_column = id.x * 64u;
  let taps = p.kernel_height * p.kernel_width;
  let plane = p.height * p.width;
  let out_plane = p.out_height * p.out_width;
  let pixels = p.items * out_plane;
  let part_pixels = (p.items * p.out_height + p.parts - 1u) / p.parts * p.out_width;
  let end = min(pixels, (id.z + 1u) * part_pixels);

  // The quads that this invocation gathers: of output channels, and of columns, where a pixel's window begins at x_at.
  let k0 = tile_channel + (thread / 16u + 0u) * 4u + vec4u(0u, 1u, 2u, 3u);
  let k1 = tile_channel + (thread / 16u + 8u) * 4u + vec4u(0u, 1u, 2u, 3u);
  let column0 = tile_column + (thread / 16u + 0u) * 4u + vec4u(0u, 1u, 2u, 3u);
  let kernel_row0 = column0 % taps / p.kernel_width;
  
  let tap_row0 = vec4i(kernel_row0 * p.dilation_height) - i32(p.pad_top);
  let left0 = vec4i(column0 % p.kernel_width * p.dilation_width) - i32(p.pad_left);
  let channel0 = group * group_channels + column0 / taps;
  let at0 = channel0 * plane + vec4u(tap_row0 * i32(p.width) + left0);
  let top0 = select(vec4i(-0x40000000), tap_row0, column0 < vec4u(group_channels * taps));
  let column1 = tile_column + (thread / 16u + 8u) * 4u + vec4u(0u, 1u, 2u, 3u);
  let kernel_row1 = column1 % taps / p.kernel_width;
  
  let tap_row1 = vec4i(kernel_row1 * p.dilation_height) - i32(p.pad_top);
  let left1 = vec4i(column1 % p.kernel_width * p.dilation_width) - i32(p.pad_left);
  let channel1 = group * group_channels + column1 / taps;
  let at1 = channel1 * plane + vec4u(tap_row1 * i32(p.width) + left1);
  let top1 = select(vec4i(-0x40000000), tap_row1, column1 < vec4u(group_channels * taps));
  var s0_0 = vec4f(); var s0_1 = vec4f(); var s0_2 = vec4f(); var s0_3 = vec4f(); var s0_4 = vec4f(); var s0_5 = vec4f(); var s0_6 = vec4f(); var s0_7 = vec4f();

  for (var first = id.z * part_pixels; first < end; first += 16u) {
    let pixel = first + thread % 16u;
    let n = pixel / out_plane;
    let i = pixel % out_plane;
    let row = i / p.out_width;
    let h = row * p.stride_height;
    let v = i % p.out_width * p.stride_width;
    let x_at = p.x_offset + n * p.x_batch_stride + h * p.width + v;
    let y_at = p.y_offset + n * p.y_batch_stride + group * group_out_channels * out_plane + i;
    let used = vec4<bool>(pixel < end);
    let k_used0 = used & (k0 < vec4u(group_out_channels));
    let gy_at0 = select(vec4u(), y_at + k0 * out_plane, k_used0);
    let all_gy0 = vec4f(Element4(gy[gy_at0.x], gy[gy_at0.y], gy[gy_at0.z], gy[gy_at0.w]));
    let loaded_gy0 = select(vec4f(), all_gy0, k_used0);
    let k_used1 = used & (k1 < vec4u(group_out_channels));
    let gy_at1 = select(vec4u(), y_at + k1 * out_plane, k_used1);
    let all_gy1 = vec4f(Element4(gy[gy_at1.x], gy[gy_at1.y], gy[gy_at1.z], gy[gy_at1.w]));
    let loaded_gy1 = select(vec4f(), all_gy1, k_used1);
    let exists0 = used & (vec4u(i32(h) + top0) < vec4u(p.height)) & (vec4u(i32(v) + left0) < vec4u(p.width));
    let x_at0 = select(vec4u(), x_at + at0, exists0);
    let all_x0 = vec4f(Element4(x[x_at0.x], x[x_at0.y], x[x_at0.z], x[x_at0.w]));
    let loaded_x0 = select(vec4f(), all_x0, exists0);
    let exists1 = used & (vec4u(i32(h) + top1) < vec4u(p.height)) & (vec4u(i32(v) + left1) < vec4u(p.width));
    let x_at1 = select(vec4u(), x_at + at1, exists1);
    let all_x1 = vec4f(Element4(x[x_at1.x], x[x_at1.y], x[x_at1.z], x[x_at1.w]));
    let loaded_x1 = select(vec4f(), all_x1, exists1);
    workgroupBarrier();
    let slot = thread % 16u;
    gs[slot * 17u + thread / 16u + 0u] = loaded_gy0; gs[slot * 17u + thread / 16u + 8u] = loaded_gy1;
    xs[slot * 17u + thread / 16u + 0u] = loaded_x0; xs[slot * 17u + thread / 16u + 8u] = loaded_x1;
    workgroupBarrier();
    var c0_0 = vec4f(); var c0_1 = vec4f(); var c0_2 = vec4f(); var c0_3 = vec4f(); var c0_4 = vec4f(); var c0_5 = vec4f(); var c0_6 = vec4f(); var c0_7 = vec4f();
    for (var m = 0u; m < 16u; m++) {
      let g0 = gs[m * 17u + 0u + thread / 16u]; let g1 = gs[m * 17u + 8u + thread / 16u];
      let x0 = xs[m * 17u + 0u + thread % 16u];
      c0_0 += x0 * g0.x; c0_1 += x0 * g0.y; c0_2 += x0 * g0.z; c0_3 += x0 * g0.w; c0_4 += x0 * g1.x; c0_5 += x0 * g1.y; c0_6 += x0 * g1.z; c0_7 += x0 * g1.w;
    }
    s0_0 += c0_0; s0_1 += c0_1; s0_2 += c0_2; s0_3 += c0_3; s0_4 += c0_4; s0_5 += c0_5; s0_6 += c0_6; s0_7 += c0_7;
  }
  let k_at = tile_channel + thread / 16u * 4u;
  let column_at = tile_column + thread % 16u * 4u;
  store(id.z, group, k_at + 0u, column_at + 0u, s0_0);
  store(id.z, group, k_at + 1u, column_at + 0u, s0_1);
  store(id.z, group, k_at + 2u, column_at + 0u, s0_2);
  store(id.z, group, k_at + 3u, column_at + 0u, s0_3);
  store(id.z, group, k_at + 32u, column_at + 0u, s0_4);
  store(id.z, group, k_at + 33u, column_at + 0u, s0_5);
  store(id.z, group, k_at + 34u, column_at + 0u, s0_6);
  store(id.z, group, k_at + 35u, column_at + 0u, s0_7);
}
