// convTranspose3d/gemm-64x64-8x4: bias, residual and ReLU.
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
@group(0) @binding(1) var<storage, read> w: array<Element4>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<Element>;
@group(0) @binding(4) var<storage, read_write> y: array<Element>;
@group(0) @binding(5) var<uniform> p: Params;
fn activate(v: f32) -> f32 {
  return select(v, f32(0.0), v < f32(0.0));
}

var<workgroup> xs: array<vec4f, 256>;
var<workgroup> ws: array<vec4f, 256>;

fn store(n: u32, group: u32, k_in_group: u32, m: u32, columns: u32, rows: u32, phase: vec4u, sum: vec4f) {
  let group_out_channels = p.out_channels / p.groups;
  if (k_in_group >= group_out_channels || m >= columns * rows) { return; }
  let k = group * group_out_channels + k_in_group;
  let plane = p.out_height * p.out_width;
  for (var e = 0u; e < min(4u, columns * rows - m); e++) {
    let row = (m + e) / columns;
    let p_in_slice = row % phase.w * p.stride_height + phase.x;
    let y_row = (row / phase.w * p.stride_depth + phase.z) * p.out_slice_height + p_in_slice;
    let element = k * plane + y_row * p.out_width + (m + e) % columns * p.stride_width + phase.y;
    var value = sum[e];
    value += bias[k];
    value += f32(residual[p.residual_offset + n * p.residual_batch_stride + element]);
    y[p.y_offset + n * p.y_batch_stride + element] = stored(activate(value));
  }
}

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) thread: u32) {
  let group_channels = p.channels / p.groups;
  let group_out_channels = p.out_channels / p.groups;
  let channel_tiles = (group_out_channels + 63u) / 64u;
  let group = id.y / channel_tiles;
  let tile_channel = id.y % channel_tiles * 64u;
  let k_quads = (group_out_channels + 3u) / 4u;
  let stride = vec3u(p.stride_height, p.stride_width, p.stride_depth);
  let phases = stride.x * stride.y * stride.z;
  let n = id.z / phases;
  let first = vec3u(id.z / stride.y % stride.x, id.z % stride.y, id.z % phases / (stride.x * stride.y));
  let size = vec3u(p.out_slice_height, p.out_width, p.out_depth);
  let counts = (size - min(size, first) + stride - 1u) / stride;
  let phase = vec4u(first, max(1u, counts.x));
  let rows = select(0u, counts.z * counts.x, counts.y > 0u);
  let columns = max(1u, counts.y);
  let padded = first + vec3u(p.pad_top, p.pad_left, p.pad_front);
  let first_tap = padded % stride; let tap_stride = stride;
  let row_step = 1; let column_step = 1; let slice_step = 1;
  let base = vec3i(padded / stride);
  let row_base = base.x; let column_base = base.y; let slice_base = base.z;
  let tap_row_step = -1; let tap_column_step = -1; let tap_slice_step = -1;
  let kernel = vec3u(p.slice_kernel_height, p.kernel_width, p.kernel_height / p.slice_kernel_height);
  let tap_counts = (kernel - min(kernel, first_tap) + stride - 1u) / stride;
  let taps_height = tap_counts.x; let taps_width = tap_counts.y; let taps_depth = tap_counts.z;
  let taps = taps_depth * taps_height * taps_width;
  let plane = p.height * p.width;
  let x_group = p.x_offset + n * p.x_batch_stride + group * group_channels * plane;

  // The four pixels that this invocation gathers, and their top left inputs.
  let gathered = id.x * 64u + thread % 16u * 4u;
  let pixels = vec4u(gathered, gathered + 1u, gathered + 2u, gathered + 3u);
  let inside = pixels < vec4u(columns * rows);
  let pixel_rows = pixels / columns;
  let first_slice = vec4i(pixel_rows / phase.w) * slice_step + slice_base;
  let first_row = vec4i(pixel_rows % phase.w) * row_step + row_base;
  let first_column = vec4i(pixels % columns) * column_step + column_base;
  var s0_0 = vec4f(); var s0_1 = vec4f(); var s0_2 = vec4f(); var s0_3 = vec4f(); var s1_0 = vec4f(); var s1_1 = vec4f(); var s1_2 = vec4f(); var s1_3 = vec4f();

  let length = taps * group_channels; let chunks = (length + 15u) / 16u;
  
  for (var i = 0u; i < chunks; i++) {
    
    workgroupBarrier();
    { let term = i * 16u + (thread + 0u) / 16u; let c = term / taps; let tap = term % taps;
      let tap_slice = tap / taps_width / taps_height;
      let tap_row = tap / taps_width % taps_height; let tap_column = tap % taps_width;
    let d = first_slice + i32(tap_slice) * tap_slice_step;
    let h = first_row + i32(tap_row) * tap_row_step;
    let v = first_column + i32(tap_column) * tap_column_step;
    let exists = inside & (d >= vec4i()) & (d < vec4i(i32(p.depth))) & (h >= vec4i()) & (h < vec4i(i32(p.slice_height)))
      & (v >= vec4i()) & (v < vec4i(i32(p.width)));
    let at = vec4u(select(vec4i(), (d * i32(p.slice_height) + h) * i32(p.width) + v, exists));
    let w_row = (first_tap.z + tap_slice * tap_stride.z) * p.slice_kernel_height + first_tap.x + tap_row * tap_stride.x;
      let w_tap = w_row * p.kernel_width + first_tap.y + tap_column * tap_stride.y;
      if (term < length) { let x_at = x_group + c * plane;
      let loaded = vec4f(Element4(x[x_at + at.x], x[x_at + at.y], x[x_at + at.z], x[x_at + at.w])); xs[thread + 0u] = select(vec4f(), loaded, exists); } else { xs[thread + 0u] = vec4f(); } }
    { let term = i * 16u + (thread + 128u) / 16u; let c = term / taps; let tap = term % taps;
      let tap_slice = tap / taps_width / taps_height;
      let tap_row = tap / taps_width % taps_height; let tap_column = tap % taps_width;
    let d = first_slice + i32(tap_slice) * tap_slice_step;
    let h = first_row + i32(tap_row) * tap_row_step;
    let v = first_column + i32(tap_column) * tap_column_step;
    let exists = inside & (d >= vec4i()) & (d < vec4i(i32(p.depth))) & (h >= vec4i()) & (h < vec4i(i32(p.slice_height)))
      & (v >= vec4i()) & (v < vec4i(i32(p.width)));
    let at = vec4u(select(vec4i(), (d * i32(p.slice_height) + h) * i32(p.width) + v, exists));
    let w_row = (first_tap.z + tap_slice * tap_stride.z) * p.slice_kernel_height + first_tap.x + tap_row * tap_stride.x;
      let w_tap = w_row * p.kernel_width + first_tap.y + tap_column * tap_stride.y;
      if (term < length) { let x_at = x_group + c * plane;
      let loaded = vec4f(Element4(x[x_at + at.x], x[x_at + at.y], x[x_at + at.z], x[x_at + at.w])); xs[thread + 128u] = select(vec4f(), loaded, exists); } else { xs[thread + 128u] = vec4f(); } }
    { let term = i * 16u + (thread + 0u) / 16u; let c = term / taps; let tap = term % taps;
      let tap_slice = tap / taps_width / taps_height;
      let tap_row = tap / taps_width % taps_height; let tap_column = tap % taps_width;
      let w_row = (first_tap.z + tap_slice * tap_stride.z) * p.slice_kernel_height + first_tap.x + tap_row * tap_stride.x;
      let w_tap = w_row * p.kernel_width + first_tap.y + tap_column * tap_stride.y;
      let used = term < length;
      let k = tile_channel / 4u + (thread + 0u) % 16u;
      var value = vec4f();
      if (used && k < k_quads) { value = vec4f(w[((group * group_channels + c) * (p.kernel_height * p.kernel_width) + w_tap) * k_quads + k]); }
      ws[thread + 0u] = value; }
    { let term = i * 16u + (thread + 128u) / 16u; let c = term / taps; let tap = term % taps;
      let tap_slice = tap / taps_width / taps_height;
      let tap_row = tap / taps_width % taps_height; let tap_column = tap % taps_width;
      let w_row = (first_tap.z + tap_slice * tap_stride.z) * p.slice_kernel_height + first_tap.x + tap_row * tap_stride.x;
      let w_tap = w_row * p.kernel_width + first_tap.y + tap_column * tap_stride.y;
      let used = term < length;
      let k = tile_channel / 4u + (thread + 128u) % 16u;
      var value = vec4f();
      if (used && k < k_quads) { value = vec4f(w[((group * group_channels + c) * (p.kernel_height * p.kernel_width) + w_tap) * k_quads + k]); }
      ws[thread + 128u] = value; }
    workgroupBarrier();
    for (var k = 0u; k < 16u; k++) {
      let x0 = xs[k * 16u + 0u + thread % 8u]; let x1 = xs[k * 16u + 8u + thread % 8u];
      let w0 = ws[k * 16u + 0u + thread / 8u];
      s0_0 += x0 * w0.x; s0_1 += x0 * w0.y; s0_2 += x0 * w0.z; s0_3 += x0 * w0.w; s1_0 += x1 * w0.x; s1_1 += x1 * w0.y; s1_2 += x1 * w0.z; s1_3 += x1 * w0.w;
    }
  }
  let k0 = tile_channel + thread / 8u * 4u;
  let m0 = id.x * 64u + thread % 8u * 4u;
  store(n, group, k0 + 0u, m0 + 0u, columns, rows, phase, s0_0);
  store(n, group, k0 + 1u, m0 + 0u, columns, rows, phase, s0_1);
  store(n, group, k0 + 2u, m0 + 0u, columns, rows, phase, s0_2);
  store(n, group, k0 + 3u, m0 + 0u, columns, rows, phase, s0_3);
  store(n, group, k0 + 0u, m0 + 32u, columns, rows, phase, s1_0);
  store(n, group, k0 + 1u, m0 + 32u, columns, rows, phase, s1_1);
  store(n, group, k0 + 2u, m0 + 32u, columns, rows, phase, s1_2);
  store(n, group, k0 + 3u, m0 + 32u, columns, rows, phase, s1_3);
}
