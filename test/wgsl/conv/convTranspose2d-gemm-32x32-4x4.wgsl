// convTranspose2d/gemm-32x32-4x4: bias, residual and ReLU.
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
@group(0) @binding(3) var<storage, read> residual: array<Element>;
@group(0) @binding(4) var<storage, read_write> y: array<Element>;
@group(0) @binding(5) var<uniform> p: Params;
fn activate(v: f32) -> f32 {
  return select(v, f32(0.0), v < f32(0.0));
}

var<workgroup> xs: array<vec4f, 128>;
var<workgroup> ws: array<vec4f, 128>;

fn store(n: u32, group: u32, k_in_group: u32, m: u32, columns: u32, rows: u32, phase: vec2u, sum: vec4f) {
  let group_out_channels = p.out_channels / p.groups;
  if (k_in_group >= group_out_channels || m >= columns * rows) { return; }
  let k = group * group_out_channels + k_in_group;
  let plane = p.out_height * p.out_width;
  for (var e = 0u; e < min(4u, columns * rows - m); e++) {
    let element = k * plane + ((m + e) / columns * p.stride_height + phase.x) * p.out_width + (m + e) % columns * p.stride_width + phase.y;
    var value = sum[e];
    value += bias[k];
    value += f32(residual[p.residual_offset + n * p.residual_batch_stride + element]);
    y[p.y_offset + n * p.y_batch_stride + element] = stored(activate(value));
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let group_channels = p.channels / p.groups;
  let group_out_channels = p.out_channels / p.groups;
  let channel_tiles = (group_out_channels + 31u) / 32u;
  let group = id.y / channel_tiles;
  let tile_channel = id.y % channel_tiles * 32u;
  let k_quads = (group_out_channels + 3u) / 4u;
  let phases = p.stride_height * p.stride_width;
  let n = id.z / phases;
  let stride = vec2u(p.stride_height, p.stride_width);
  let phase = vec2u(id.z % phases / p.stride_width, id.z % p.stride_width);
  let phase_rows = (p.out_height - min(p.out_height, phase.x) + p.stride_height - 1u) / p.stride_height;
  let rows = select(0u, phase_rows, phase.y < p.out_width);
  let columns = max(1u, (p.out_width - min(p.out_width, phase.y) + p.stride_width - 1u) / p.stride_width);
  let padded = phase + vec2u(p.pad_top, p.pad_left);
  let first_tap = padded % stride; let tap_stride = stride;
  let row_step = 1; let column_step = 1;
  let row_base = i32(padded.x / p.stride_height); let column_base = i32(padded.y / p.stride_width);
  let tap_row_step = -1; let tap_column_step = -1;
  let taps_height = (p.kernel_height - min(p.kernel_height, first_tap.x) + p.stride_height - 1u) / p.stride_height;
  let taps_width = (p.kernel_width - min(p.kernel_width, first_tap.y) + p.stride_width - 1u) / p.stride_width;
  let taps = taps_height * taps_width;
  let plane = p.height * p.width;
  let x_group = p.x_offset + n * p.x_batch_stride + group * group_channels * plane;

  // The four pixels that this invocation gathers, and their top left inputs.
  let gathered = id.x * 32u + thread % 8u * 4u;
  let pixels = vec4u(gathered, gathered + 1u, gathered + 2u, gathered + 3u);
  let inside = pixels < vec4u(columns * rows);
  let first_row = vec4i(pixels / columns) * row_step + row_base;
  let first_column = vec4i(pixels % columns) * column_step + column_base;
  var s0_0 = vec4f(); var s0_1 = vec4f(); var s0_2 = vec4f(); var s0_3 = vec4f();

  let length = taps * group_channels; let chunks = (length + 15u) / 16u;
  
  for (var i = 0u; i < chunks; i++) {
    
    workgroupBarrier();
    { let term = i * 16u + (thread + 0u) / 8u; let c = term / taps; let tap = term % taps;
      let tap_row = tap / taps_width; let tap_column = tap % taps_width;
    let h = first_row + i32(tap_row) * tap_row_step;
    let v = first_column + i32(tap_column) * tap_column_step;
    let exists = inside & (h >= vec4i()) & (h < vec4i(i32(p.height))) & (v >= vec4i()) & (v < vec4i(i32(p.width)));
    let at = vec4u(select(vec4i(), h * i32(p.width) + v, exists));
    let w_tap = (first_tap.x + tap_row * tap_stride.x) * p.kernel_width + first_tap.y + tap_column * tap_stride.y;
      if (term < length) { let x_at = x_group + c * plane;
      let loaded = vec4f(Element4(x[x_at + at.x], x[x_at + at.y], x[x_at + at.z], x[x_at + at.w])); xs[thread + 0u] = select(vec4f(), loaded, exists); } else { xs[thread + 0u] = vec4f(); } }
    { let term = i * 16u + (thread + 64u) / 8u; let c = term / taps; let tap = term % taps;
      let tap_row = tap / taps_width; let tap_column = tap % taps_width;
    let h = first_row + i32(tap_row) * tap_row_step;
    let v = first_column + i32(tap_column) * tap_column_step;
    let exists = inside & (h >= vec4i()) & (h < vec4i(i32(p.height))) & (v >= vec4i()) & (v < vec4i(i32(p.width)));
    let at = vec4u(select(vec4i(), h * i32(p.width) + v, exists));
    let w_tap = (first_tap.x + tap_row * tap_stride.x) * p.kernel_width + first_tap.y + tap_column * tap_stride.y;
      if (term < length) { let x_at = x_group + c * plane;
      let loaded = vec4f(Element4(x[x_at + at.x], x[x_at + at.y], x[x_at + at.z], x[x_at + at.w])); xs[thread + 64u] = select(vec4f(), loaded, exists); } else { xs[thread + 64u] = vec4f(); } }
    { let term = i * 16u + (thread + 0u) / 8u; let c = term / taps; let tap = term % taps;
      let tap_row = tap / taps_width; let tap_column = tap % taps_width;
      let w_tap = (first_tap.x + tap_row * tap_stride.x) * p.kernel_width + first_tap.y + tap_column * tap_stride.y;
      let used = term < length;
      let k = tile_channel / 4u + (thread + 0u) % 8u;
      var value = vec4f();
      if (used && k < k_quads) { value = vec4f(w[((group * group_channels + c) * (p.kernel_height * p.kernel_width) + w_tap) * k_quads + k]); }
      ws[thread + 0u] = value; }
    { let term = i * 16u + (thread + 64u) / 8u; let c = term / taps; let tap = term % taps;
      let tap_row = tap / taps_width; let tap_column = tap % taps_width;
      let w_tap = (first_tap.x + tap_row * tap_stride.x) * p.kernel_width + first_tap.y + tap_column * tap_stride.y;
      let used = term < length;
      let k = tile_channel / 4u + (thread + 64u) % 8u;
      var value = vec4f();
      if (used && k < k_quads) { value = vec4f(w[((group * group_channels + c) * (p.kernel_height * p.kernel_width) + w_tap) * k_quads + k]); }
      ws[thread + 64u] = value; }
    workgroupBarrier();
    for (var k = 0u; k < 16u; k++) {
      let x0 = xs[k * 8u + 0u + thread % 8u];
      let w0 = ws[k * 8u + 0u + thread / 8u];
      s0_0 += x0 * w0.x; s0_1 += x0 * w0.y; s0_2 += x0 * w0.z; s0_3 += x0 * w0.w;
    }
  }
  let k0 = tile_channel + thread / 8u * 4u;
  let m0 = id.x * 32u + thread % 8u * 4u;
  store(n, group, k0 + 0u, m0 + 0u, columns, rows, phase, s0_0);
  store(n, group, k0 + 1u, m0 + 0u, columns, rows, phase, s0_1);
  store(n, group, k0 + 2u, m0 + 0u, columns, rows, phase, s0_2);
  store(n, group, k0 + 3u, m0 + 0u, columns, rows, phase, s0_3);
}
