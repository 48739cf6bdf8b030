// convTranspose2d/phase: bias, residual and ReLU.
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

fn store(n: u32, k: u32, k_end: u32, row: u32, column: u32, sum: vec4f) {
  if (k >= k_end || row >= p.out_height || column >= p.out_width) { return; }
  let element = (k * p.out_height + row) * p.out_width + column;
  let y_at = p.y_offset + n * p.y_batch_stride + element;
  let residual_at = p.residual_offset + n * p.residual_batch_stride + element;
  var value = sum;
  value += bias[k];
  for (var e = 0u; e < 4u && column + e * p.stride_width < p.out_width; e++) {
    y[y_at + e * p.stride_width] = stored(activate(value[e] + f32(residual[residual_at + e * p.stride_width])));
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let phases = p.stride_height * p.stride_width;
  let n = id.z / phases;
  let a = id.z % phases / p.stride_width;
  let b = id.z % p.stride_width;
  // Every phase gets the tiles of the widest one.
  let phase_columns = (p.out_width + p.stride_width - 1u) / p.stride_width;
  let tiles = (phase_columns + 3u) / 4u;
  let i = id.x / tiles;
  let j = id.x % tiles * 4u;
  let row = a + i * p.stride_height;
  if (row >= p.out_height) { return; }
  let k0 = id.y * 8u;
  let k_quads = (p.out_channels + 7u) / 8u * 2u;
  let k_end = p.out_channels;
  let plane = p.height * p.width;
  let last = i32(p.width) - 1;
  var a0_0 = vec4f();
  var a0_1 = vec4f();
  var a1_0 = vec4f();
  var a1_1 = vec4f();
  var a2_0 = vec4f();
  var a2_1 = vec4f();
  var a3_0 = vec4f();
  var a3_1 = vec4f();
  let r0 = (a + p.pad_top) % p.stride_height;
  let s0 = (b + p.pad_left) % p.stride_width;
  for (var r = r0; r < p.kernel_height; r += p.stride_height) {
    let h = i32(i) + (i32(a + p.pad_top) - i32(r)) / i32(p.stride_height);
    if (h < 0 || h >= i32(p.height)) { continue; }
    for (var s = s0; s < p.kernel_width; s += p.stride_width) {
      let v = i32(j) + (i32(b + p.pad_left) - i32(s)) / i32(p.stride_width);
      for (var c = 0u; c < p.channels; c++) {
        let x_row = p.x_offset + n * p.x_batch_stride + c * plane + u32(h) * p.width;
        let w_at = ((c * p.kernel_height + r) * p.kernel_width + s) * k_quads + k0 / 4u;
        let x0 = select(0.0, f32(x[x_row + u32(clamp(v + 0, 0, last))]), v + 0 >= 0 && v + 0 <= last);
        let x1 = select(0.0, f32(x[x_row + u32(clamp(v + 1, 0, last))]), v + 1 >= 0 && v + 1 <= last);
        let x2 = select(0.0, f32(x[x_row + u32(clamp(v + 2, 0, last))]), v + 2 >= 0 && v + 2 <= last);
        let x3 = select(0.0, f32(x[x_row + u32(clamp(v + 3, 0, last))]), v + 3 >= 0 && v + 3 <= last);
        let w0 = vec4f(w[w_at + 0u]); let w1 = vec4f(w[w_at + 1u]);
        a0_0 += x0 * w0; a0_1 += x0 * w1; a1_0 += x1 * w0; a1_1 += x1 * w1; a2_0 += x2 * w0; a2_1 += x2 * w1; a3_0 += x3 * w0; a3_1 += x3 * w1;
      }
    }
  }
  store(n, k0 + 0u + 0u, k_end, row, b + (j + 0u) * p.stride_width, vec4f(a0_0.x,a1_0.x,a2_0.x,a3_0.x));
  store(n, k0 + 0u + 1u, k_end, row, b + (j + 0u) * p.stride_width, vec4f(a0_0.y,a1_0.y,a2_0.y,a3_0.y));
  store(n, k0 + 0u + 2u, k_end, row, b + (j + 0u) * p.stride_width, vec4f(a0_0.z,a1_0.z,a2_0.z,a3_0.z));
  store(n, k0 + 0u + 3u, k_end, row, b + (j + 0u) * p.stride_width, vec4f(a0_0.w,a1_0.w,a2_0.w,a3_0.w));
  store(n, k0 + 4u + 0u, k_end, row, b + (j + 0u) * p.stride_width, vec4f(a0_1.x,a1_1.x,a2_1.x,a3_1.x));
  store(n, k0 + 4u + 1u, k_end, row, b + (j + 0u) * p.stride_width, vec4f(a0_1.y,a1_1.y,a2_1.y,a3_1.y));
  store(n, k0 + 4u + 2u, k_end, row, b + (j + 0u) * p.stride_width, vec4f(a0_1.z,a1_1.z,a2_1.z,a3_1.z));
  store(n, k0 + 4u + 3u, k_end, row, b + (j + 0u) * p.stride_width, vec4f(a0_1.w,a1_1.w,a2_1.w,a3_1.w));
}
