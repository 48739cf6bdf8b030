// convTranspose2d/tiled: bias, residual and ReLU.
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

fn store(n: u32, k: u32, k_end: u32, row: u32, column: u32, sum: vec4f) {
  if (k >= k_end || row >= p.out_height || column >= p.out_width) { return; }
  let element = (k * p.out_height + row) * p.out_width + column;
  let y_at = p.y_offset + n * p.y_batch_stride + element;
  let residual_at = p.residual_offset + n * p.residual_batch_stride + element;
  var value = sum;
  value += bias[k];
  value += vec4f(residual[residual_at / 4u]);
  y[y_at / 4u] = stored4(activate(value));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let tile_columns = (p.out_width + 7u) / 8u;
  let tile_rows = (p.out_height + 1u) / 2u;
  let index = id.y * grid.x * 64u + id.x;
  let tile = index % (tile_rows * tile_columns);
  let p0 = tile / tile_columns * 2u;
  let q0 = tile % tile_columns * 8u;
  let group_channels = p.channels / p.groups;
  let group_out_channels = p.out_channels / p.groups;
  let k_quads = (group_out_channels + 3u) / 4u;
  let quad = index / (tile_rows * tile_columns);
  let group = quad / k_quads;
  if (group >= p.groups) { return; }
  let k0 = group * group_out_channels + quad % k_quads * 4u;
  let k_end = (group + 1u) * group_out_channels;
  let n = id.z;
  let row0 = i32(p0 / 2u);
  let column0 = i32(q0 / 2u);
  let h0 = row0 + 0 + i32(0u) * 1; let in_h0 = h0 >= 0 && h0 < i32(p.height); let y0 = u32(clamp(h0, 0, i32(p.height) - 1)) * p.width;
  let h1 = row0 + 0 + i32(1u) * 1; let in_h1 = h1 >= 0 && h1 < i32(p.height); let y1 = u32(clamp(h1, 0, i32(p.height) - 1)) * p.width;
  let v0 = column0 + 0 + i32(0u) * 1; let in_v0 = v0 >= 0 && v0 < i32(p.width); let x0 = u32(clamp(v0, 0, i32(p.width) - 1));
  let v1 = column0 + 0 + i32(1u) * 1; let in_v1 = v1 >= 0 && v1 < i32(p.width); let x1 = u32(clamp(v1, 0, i32(p.width) - 1));
  let v2 = column0 + 0 + i32(2u) * 1; let in_v2 = v2 >= 0 && v2 < i32(p.width); let x2 = u32(clamp(v2, 0, i32(p.width) - 1));
  let v3 = column0 + 0 + i32(3u) * 1; let in_v3 = v3 >= 0 && v3 < i32(p.width); let x3 = u32(clamp(v3, 0, i32(p.width) - 1));
  let v4 = column0 + 0 + i32(4u) * 1; let in_v4 = v4 >= 0 && v4 < i32(p.width); let x4 = u32(clamp(v4, 0, i32(p.width) - 1));
  var a0_0 = vec4f(); var a0_1 = vec4f(); var a0_2 = vec4f(); var a0_3 = vec4f(); var a0_4 = vec4f(); var a0_5 = vec4f(); var a0_6 = vec4f(); var a0_7 = vec4f(); var a1_0 = vec4f(); var a1_1 = vec4f(); var a1_2 = vec4f(); var a1_3 = vec4f(); var a1_4 = vec4f(); var a1_5 = vec4f(); var a1_6 = vec4f(); var a1_7 = vec4f();
  for (var c = group * group_channels; c < (group + 1u) * group_channels; c++) {
    let x_plane = p.x_offset + n * p.x_batch_stride + c * p.height * p.width;
    let w_at = c * 9u * k_quads + quad % k_quads;
    let d0_0 = select(0.0, f32(x[x_plane + y0 + x0]), in_h0 && in_v0);
    let d0_1 = select(0.0, f32(x[x_plane + y0 + x1]), in_h0 && in_v1);
    let d0_2 = select(0.0, f32(x[x_plane + y0 + x2]), in_h0 && in_v2);
    let d0_3 = select(0.0, f32(x[x_plane + y0 + x3]), in_h0 && in_v3);
    let d0_4 = select(0.0, f32(x[x_plane + y0 + x4]), in_h0 && in_v4);
    let d1_0 = select(0.0, f32(x[x_plane + y1 + x0]), in_h1 && in_v0);
    let d1_1 = select(0.0, f32(x[x_plane + y1 + x1]), in_h1 && in_v1);
    let d1_2 = select(0.0, f32(x[x_plane + y1 + x2]), in_h1 && in_v2);
    let d1_3 = select(0.0, f32(x[x_plane + y1 + x3]), in_h1 && in_v3);
    let d1_4 = select(0.0, f32(x[x_plane + y1 + x4]), in_h1 && in_v4);
    let w0_0 = vec4f(w[w_at + 0u * k_quads]); a1_1 += d1_1 * w0_0; a1_3 += d1_2 * w0_0; a1_5 += d1_3 * w0_0; a1_7 += d1_4 * w0_0;
    let w0_1 = vec4f(w[w_at + 1u * k_quads]); a1_0 += d1_0 * w0_1; a1_2 += d1_1 * w0_1; a1_4 += d1_2 * w0_1; a1_6 += d1_3 * w0_1;
    let w0_2 = vec4f(w[w_at + 2u * k_quads]); a1_1 += d1_0 * w0_2; a1_3 += d1_1 * w0_2; a1_5 += d1_2 * w0_2; a1_7 += d1_3 * w0_2;
    let w1_0 = vec4f(w[w_at + 3u * k_quads]); a0_1 += d0_1 * w1_0; a0_3 += d0_2 * w1_0; a0_5 += d0_3 * w1_0; a0_7 += d0_4 * w1_0;
    let w1_1 = vec4f(w[w_at + 4u * k_quads]); a0_0 += d0_0 * w1_1; a0_2 += d0_1 * w1_1; a0_4 += d0_2 * w1_1; a0_6 += d0_3 * w1_1;
    let w1_2 = vec4f(w[w_at + 5u * k_quads]); a0_1 += d0_0 * w1_2; a0_3 += d0_1 * w1_2; a0_5 += d0_2 * w1_2; a0_7 += d0_3 * w1_2;
    let w2_0 = vec4f(w[w_at + 6u * k_quads]); a1_1 += d0_1 * w2_0; a1_3 += d0_2 * w2_0; a1_5 += d0_3 * w2_0; a1_7 += d0_4 * w2_0;
    let w2_1 = vec4f(w[w_at + 7u * k_quads]); a1_0 += d0_0 * w2_1; a1_2 += d0_1 * w2_1; a1_4 += d0_2 * w2_1; a1_6 += d0_3 * w2_1;
    let w2_2 = vec4f(w[w_at + 8u * k_quads]); a1_1 += d0_0 * w2_2; a1_3 += d0_1 * w2_2; a1_5 += d0_2 * w2_2; a1_7 += d0_3 * w2_2;
  }
  store(n, k0 + 0u, k_end, p0 + 0u, q0 + 0u, vec4f(a0_0.x,a0_1.x,a0_2.x,a0_3.x));
  store(n, k0 + 0u, k_end, p0 + 0u, q0 + 4u, vec4f(a0_4.x,a0_5.x,a0_6.x,a0_7.x));
  store(n, k0 + 1u, k_end, p0 + 0u, q0 + 0u, vec4f(a0_0.y,a0_1.y,a0_2.y,a0_3.y));
  store(n, k0 + 1u, k_end, p0 + 0u, q0 + 4u, vec4f(a0_4.y,a0_5.y,a0_6.y,a0_7.y));
  store(n, k0 + 2u, k_end, p0 + 0u, q0 + 0u, vec4f(a0_0.z,a0_1.z,a0_2.z,a0_3.z));
  store(n, k0 + 2u, k_end, p0 + 0u, q0 + 4u, vec4f(a0_4.z,a0_5.z,a0_6.z,a0_7.z));
  store(n, k0 + 3u, k_end, p0 + 0u, q0 + 0u, vec4f(a0_0.w,a0_1.w,a0_2.w,a0_3.w));
  store(n, k0 + 3u, k_end, p0 + 0u, q0 + 4u, vec4f(a0_4.w,a0_5.w,a0_6.w,a0_7.w));
  store(n, k0 + 0u, k_end, p0 + 1u, q0 + 0u, vec4f(a1_0.x,a1_1.x,a1_2.x,a1_3.x));
  store(n, k0 + 0u, k_end, p0 + 1u, q0 + 4u, vec4f(a1_4.x,a1_5.x,a1_6.x,a1_7.x));
  store(n, k0 + 1u, k_end, p0 + 1u, q0 + 0u, vec4f(a1_0.y,a1_1.y,a1_2.y,a1_3.y));
  store(n, k0 + 1u, k_end, p0 + 1u, q0 + 4u, vec4f(a1_4.y,a1_5.y,a1_6.y,a1_7.y));
  store(n, k0 + 2u, k_end, p0 + 1u, q0 + 0u, vec4f(a1_0.z,a1_1.z,a1_2.z,a1_3.z));
  store(n, k0 + 2u, k_end, p0 + 1u, q0 + 4u, vec4f(a1_4.z,a1_5.z,a1_6.z,a1_7.z));
  store(n, k0 + 3u, k_end, p0 + 1u, q0 + 0u, vec4f(a1_0.w,a1_1.w,a1_2.w,a1_3.w));
  store(n, k0 + 3u, k_end, p0 + 1u, q0 + 4u, vec4f(a1_4.w,a1_5.w,a1_6.w,a1_7.w));
}
