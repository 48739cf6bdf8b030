// conv2d/gemm-128x64-8x8: bias, residual and ReLU.
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
}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> w: array<Element4>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<Element4>;
@group(0) @binding(4) var<storage, read_write> y: array<Element4>;
@group(0) @binding(5) var<uniform> p: Params;
fn activate(v: vec4<f32>) -> vec4<f32> {
  return select(v, vec4<f32>(0.0), v < vec4<f32>(0.0));
}

var<workgroup> xs: array<vec4f, 512>;
var<workgroup> ws: array<vec4f, 256>;

fn store(n: u32, group: u32, k_in_group: u32, m: u32, columns: u32, rows: u32, phase: vec2u, sum: vec4f) {
  let group_out_channels = p.out_channels / p.groups;
  if (k_in_group >= group_out_channels || m >= columns * rows) { return; }
  let k = group * group_out_channels + k_in_group;
  let plane = p.out_height * p.out_width;
  let element = k * plane + m;
  var value = sum;
  value += bias[k];
  value += vec4f(residual[(p.residual_offset + n * p.residual_batch_stride + element) / 4u]);
  y[(p.y_offset + n * p.y_batch_stride + element) / 4u] = stored4(activate(value));
}

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let group_channels = p.channels / p.groups;
  let group_out_channels = p.out_channels / p.groups;
  let channel_tiles = (group_out_channels + 63u) / 64u;
  let group = id.y / channel_tiles;
  let tile_channel = id.y % channel_tiles * 64u;
  let k_quads = (group_out_channels + 3u) / 4u;
  let n = id.z;
  let phase = vec2u();
  let rows = p.out_height; let columns = p.out_width;
  let row_step = i32(p.stride_height); let column_step = i32(p.stride_width);
  let row_base = -i32(p.pad_top); let column_base = -i32(p.pad_left);
  let tap_row_step = i32(p.dilation_height); let tap_column_step = i32(p.dilation_width);
  let taps_height = p.kernel_height; let taps_width = p.kernel_width;
  let first_tap = vec2u(); let tap_stride = vec2u(1u);
  let taps = taps_height * taps_width;
  let plane = p.height * p.width;
  let x_group = p.x_offset + n * p.x_batch_stride + group * group_channels * plane;

  // The four pixels that this invocation gathers, and their top left inputs.
  let gathered = id.x * 128u + thread % 32u * 4u;
  let pixels = vec4u(gathered, gathered + 1u, gathered + 2u, gathered + 3u);
  let inside = pixels < vec4u(columns * rows);
  let first_row = vec4i(pixels / columns) * row_step + row_base;
  let first_column = vec4i(pixels % columns) * column_step + column_base;
  var s0_0 = vec4f(); var s0_1 = vec4f(); var s0_2 = vec4f(); var s0_3 = vec4f(); var s0_4 = vec4f(); var s0_5 = vec4f(); var s0_6 = vec4f(); var s0_7 = vec4f(); var s1_0 = vec4f(); var s1_1 = vec4f(); var s1_2 = vec4f(); var s1_3 = vec4f(); var s1_4 = vec4f(); var s1_5 = vec4f(); var s1_6 = vec4f(); var s1_7 = vec4f();

  let length = taps * group_channels; let chunks = (length + 15u) / 16u;
  
  for (var i = 0u; i < chunks; i++) {
    
    workgroupBarrier();
    { let term = i * 16u + (thread + 0u) / 32u; let c = term / taps; let tap = term % taps;
      let tap_row = tap / taps_width; let tap_column = tap % taps_width;
    let h = first_row + i32(tap_row) * tap_row_step;
    let v = first_column + i32(tap_column) * tap_column_step;
    let exists = inside & (h >= vec4i()) & (h < vec4i(i32(p.height))) & (v >= vec4i()) & (v < vec4i(i32(p.width)));
    let at = vec4u(select(vec4i(), h * i32(p.width) + v, exists));
    let w_tap = (first_tap.x + tap_row * tap_stride.x) * p.kernel_width + first_tap.y + tap_column * tap_stride.y;
      if (term < length) { let x_at = x_group + c * plane;
      let loaded = vec4f(Element4(x[x_at + at.x], x[x_at + at.y], x[x_at + at.z], x[x_at + at.w])); xs[thread + 0u] = select(vec4f(), loaded, exists); } else { xs[thread + 0u] = vec4f(); } }
    { let term = i * 16u + (thread + 128u) / 32u; let c = term / taps; let tap = term % taps;
      let tap_row = tap / taps_width; let tap_column = tap % taps_width;
    let h = first_row + i32(tap_row) * tap_row_step;
    let v = first_column + i32(tap_column) * tap_column_step;
    let exists = inside & (h >= vec4i()) & (h < vec4i(i32(p.height))) & (v >= vec4i()) & (v < vec4i(i32(p.width)));
    let at = vec4u(select(vec4i(), h * i32(p.width) + v, exists));
    let w_tap = (first_tap.x + tap_row * tap_stride.x) * p.kernel_width + first_tap.y + tap_column * tap_stride.y;
      if (term < length) { let x_at = x_group + c * plane;
      let loaded = vec4f(Element4(x[x_at + at.x], x[x_at + at.y], x[x_at + at.z], x[x_at + at.w])); xs[thread + 128u] = select(vec4f(), loaded, exists); } else { xs[thread + 128u] = vec4f(); } }
    { let term = i * 16u + (thread + 256u) / 32u; let c = term / taps; let tap = term % taps;
      let tap_row = tap / taps_width; let tap_column = tap % taps_width;
    let h = first_row + i32(tap_row) * tap_row_step;
    let v = first_column + i32(tap_column) * tap_column_step;
    let exists = inside & (h >= vec4i()) & (h < vec4i(i32(p.height))) & (v >= vec4i()) & (v < vec4i(i32(p.width)));
    let at = vec4u(select(vec4i(), h * i32(p.width) + v, exists));
    let w_tap = (first_tap.x + tap_row * tap_stride.x) * p.kernel_width + first_tap.y + tap_column * tap_stride.y;
      if (term < length) { let x_at = x_group + c * plane;
      let loaded = vec4f(Element4(x[x_at + at.x], x[x_at + at.y], x[x_at + at.z], x[x_at + at.w])); xs[thread + 256u] = select(vec4f(), loaded, exists); } else { xs[thread + 256u] = vec4f(); } }
    { let term = i * 16u + (thread + 384u) / 32u; let c = term / taps; let tap = term % taps;
      let tap_row = tap / taps_width; let tap_column = tap % taps_width;
    let h = first_row + i32(tap_row) * tap_row_step;
    let v = first_column + i32(tap_column) * tap_column_step;
    let exists = inside & (h >= vec4i()) & (h < vec4i(i32(p.height))) & (v >= vec4i()) & (v < vec4i(i32(p.width)));
    let at = vec4u(select(vec4i(), h * i32(p.width) + v, exists));
    let w_tap = (first_tap.x + tap_row * tap_stride.x) * p.kernel_width + first_tap.y + tap_column * tap_stride.y;
      if (term < length) { let x_at = x_group + c * plane;
      let loaded = vec4f(Element4(x[x_at + at.x], x[x_at + at.y], x[x_at + at.z], x[x_at + at.w])); xs[thread + 384u] = select(vec4f(), loaded, exists); } else { xs[thread + 384u] = vec4f(); } }
    { let term = i * 16u + (thread + 0u) / 16u; let c = term / taps; let tap = term % taps;
      let tap_row = tap / taps_width; let tap_column = tap % taps_width;
      let w_tap = (first_tap.x + tap_row * tap_stride.x) * p.kernel_width + first_tap.y + tap_column * tap_stride.y;
      let used = term < length;
      let k = tile_channel / 4u + (thread + 0u) % 16u;
      var value = vec4f();
      if (used && k < k_quads) { value = vec4f(w[((group * group_channels + c) * (p.kernel_height * p.kernel_width) + w_tap) * k_quads + k]); }
      ws[thread + 0u] = value; }
    { let term = i * 16u + (thread + 128u) / 16u; let c = term / taps; let tap = term % taps;
      let tap_row = tap / taps_width; let tap_column = tap % taps_width;
      let w_tap = (first_tap.x + tap_row * tap_stride.x) * p.kernel_width + first_tap.y + tap_column * tap_stride.y;
      let used = term < length;
      let k = tile_channel / 4u + (thread + 128u) % 16u;
      var value = vec4f();
      if (used && k < k_quads) { value = vec4f(w[((group * group_channels + c) * (p.kernel_height * p.kernel_width) + w_tap) * k_quads + k]); }
      ws[thread + 128u] = value; }
    workgroupBarrier();
    for (var k = 0u; k < 16u; k++) {
      let x0 = xs[k * 32u + 0u + thread % 16u]; let x1 = xs[k * 32u + 16u + thread % 16u];
      let w0 = ws[k * 16u + 0u + thread / 16u]; let w1 = ws[k * 16u + 8u + thread / 16u];
      s0_0 += x0 * w0.x; s0_1 += x0 * w0.y; s0_2 += x0 * w0.z; s0_3 += x0 * w0.w; s0_4 += x0 * w1.x; s0_5 += x0 * w1.y; s0_6 += x0 * w1.z; s0_7 += x0 * w1.w; s1_0 += x1 * w0.x; s1_1 += x1 * w0.y; s1_2 += x1 * w0.z; s1_3 += x1 * w0.w; s1_4 += x1 * w1.x; s1_5 += x1 * w1.y; s1_6 += x1 * w1.z; s1_7 += x1 * w1.w;
    }
  }
  let k0 = tile_channel + thread / 16u * 4u;
  let m0 = id.x * 128u + thread % 16u * 4u;
  store(n, group, k0 + 0u, m0 + 0u, columns, rows, phase, s0_0);
  store(n, group, k0 + 1u, m0 + 0u, columns, rows, phase, s0_1);
  store(n, group, k0 + 2u, m0 + 0u, columns, rows, phase, s0_2);
  store(n, group, k0 + 3u, m0 + 0u, columns, rows, phase, s0_3);
  store(n, group, k0 + 32u, m0 + 0u, columns, rows, phase, s0_4);
  store(n, group, k0 + 33u, m0 + 0u, columns, rows, phase, s0_5);
  store(n, group, k0 + 34u, m0 + 0u, columns, rows, phase, s0_6);
  store(n, group, k0 + 35u, m0 + 0u, columns, rows, phase, s0_7);
  store(n, group, k0 + 0u, m0 + 64u, columns, rows, phase, s1_0);
  store(n, group, k0 + 1u, m0 + 64u, columns, rows, phase, s1_1);
  store(n, group, k0 + 2u, m0 + 64u, columns, rows, phase, s1_2);
  store(n, group, k0 + 3u, m0 + 64u, columns, rows, phase, s1_3);
  store(n, group, k0 + 32u, m0 + 64u, columns, rows, phase, s1_4);
  store(n, group, k0 + 33u, m0 + 64u, columns, rows, phase, s1_5);
  store(n, group, k0 + 34u, m0 + 64u, columns, rows, phase, s1_6);
  store(n, group, k0 + 35u, m0 + 64u, columns, rows, phase, s1_7);
}
