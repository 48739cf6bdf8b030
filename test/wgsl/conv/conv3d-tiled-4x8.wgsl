// conv3d/tiled-4x8: bias, residual and ReLU.
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

// Row d * H + h of x that row t * R + r of a kernel reads for row z * P + i of y, or -1.
fn input_row(row: u32, kernel_row: u32) -> i32 {
  let z = row / p.out_slice_height;
  let t = kernel_row / p.slice_kernel_height;
  let d = i32(z * p.stride_depth + t * p.dilation_depth) - i32(p.pad_front);
  let i = row - z * p.out_slice_height;
  let r = kernel_row - t * p.slice_kernel_height;
  let h = i32(i * p.stride_height + r * p.dilation_height) - i32(p.pad_top);
  let exists = d >= 0 && d < i32(p.depth) && h >= 0 && h < i32(p.slice_height);
  return select(-1, d * i32(p.slice_height) + h, exists);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let tiles = (p.out_width + 3u) / 4u;
  let plane_tiles = tiles * p.out_height;
  let index = id.y * grid.x * 64u + id.x;
  let row = index % plane_tiles / tiles;
  let q0 = index % tiles * 4u;
  let group_channels = p.channels / p.groups;
  let group_out_channels = p.out_channels / p.groups;
  let channel_tiles = (group_out_channels + 7u) / 8u;
  let k_quads = channel_tiles * 2u;
  let channel_tile = index / plane_tiles;
  let group = channel_tile / channel_tiles;
  if (group >= p.groups) { return; }
  let k_in_group = channel_tile % channel_tiles * 8u;
  let k0 = group * group_out_channels + k_in_group;
  let k_end = (group + 1u) * group_out_channels;
  let first_channel = group * group_channels;
  let n = id.z;
  let plane = p.height * p.width;
  var a0_0 = vec4f();
  var a0_1 = vec4f();
  var a1_0 = vec4f();
  var a1_1 = vec4f();
  var a2_0 = vec4f();
  var a2_1 = vec4f();
  var a3_0 = vec4f();
  var a3_1 = vec4f();
  
  let first = i32(q0 * 1u) - i32(p.pad_left);
  let last = i32(p.width) - 1;
  let c0 = first + 0; let ok0 = c0 >= 0 && c0 < i32(p.width); let at0 = u32(clamp(c0, 0, last));
  let c1 = first + 1; let ok1 = c1 >= 0 && c1 < i32(p.width); let at1 = u32(clamp(c1, 0, last));
  let c2 = first + 2; let ok2 = c2 >= 0 && c2 < i32(p.width); let at2 = u32(clamp(c2, 0, last));
  let c3 = first + 3; let ok3 = c3 >= 0 && c3 < i32(p.width); let at3 = u32(clamp(c3, 0, last));
  let c4 = first + 4; let ok4 = c4 >= 0 && c4 < i32(p.width); let at4 = u32(clamp(c4, 0, last));
  let c5 = first + 5; let ok5 = c5 >= 0 && c5 < i32(p.width); let at5 = u32(clamp(c5, 0, last));
  for (var r = 0u; r < p.kernel_height; r++) {
    let h = input_row(row, r);
    if (h < 0 || h >= i32(p.height)) { continue; }
    for (var c = first_channel; c < first_channel + group_channels; c++) {
      let x_row = p.x_offset + n * p.x_batch_stride + c * plane + u32(h) * p.width;
      let w_row = (c * p.kernel_height + r) * 3u * k_quads + k_in_group / 4u;
      let x0 = select(0.0, f32(x[x_row + at0]), ok0);
      let x1 = select(0.0, f32(x[x_row + at1]), ok1);
      let x2 = select(0.0, f32(x[x_row + at2]), ok2);
      let x3 = select(0.0, f32(x[x_row + at3]), ok3);
      let x4 = select(0.0, f32(x[x_row + at4]), ok4);
      let x5 = select(0.0, f32(x[x_row + at5]), ok5);
      let w0_0 = vec4f(w[w_row + 0u * k_quads + 0u]); let w0_1 = vec4f(w[w_row + 0u * k_quads + 1u]); a0_0 += x0 * w0_0; a0_1 += x0 * w0_1; a1_0 += x1 * w0_0; a1_1 += x1 * w0_1; a2_0 += x2 * w0_0; a2_1 += x2 * w0_1; a3_0 += x3 * w0_0; a3_1 += x3 * w0_1;
      let w1_0 = vec4f(w[w_row + 1u * k_quads + 0u]); let w1_1 = vec4f(w[w_row + 1u * k_quads + 1u]); a0_0 += x1 * w1_0; a0_1 += x1 * w1_1; a1_0 += x2 * w1_0; a1_1 += x2 * w1_1; a2_0 += x3 * w1_0; a2_1 += x3 * w1_1; a3_0 += x4 * w1_0; a3_1 += x4 * w1_1;
      let w2_0 = vec4f(w[w_row + 2u * k_quads + 0u]); let w2_1 = vec4f(w[w_row + 2u * k_quads + 1u]); a0_0 += x2 * w2_0; a0_1 += x2 * w2_1; a1_0 += x3 * w2_0; a1_1 += x3 * w2_1; a2_0 += x4 * w2_0; a2_1 += x4 * w2_1; a3_0 += x5 * w2_0; a3_1 += x5 * w2_1;
    }
  }
  
  store(n, k0 + 0u + 0u, k_end, row, q0 + 0u, vec4f(a0_0.x,a1_0.x,a2_0.x,a3_0.x));
  store(n, k0 + 0u + 1u, k_end, row, q0 + 0u, vec4f(a0_0.y,a1_0.y,a2_0.y,a3_0.y));
  store(n, k0 + 0u + 2u, k_end, row, q0 + 0u, vec4f(a0_0.z,a1_0.z,a2_0.z,a3_0.z));
  store(n, k0 + 0u + 3u, k_end, row, q0 + 0u, vec4f(a0_0.w,a1_0.w,a2_0.w,a3_0.w));
  store(n, k0 + 4u + 0u, k_end, row, q0 + 0u, vec4f(a0_1.x,a1_1.x,a2_1.x,a3_1.x));
  store(n, k0 + 4u + 1u, k_end, row, q0 + 0u, vec4f(a0_1.y,a1_1.y,a2_1.y,a3_1.y));
  store(n, k0 + 4u + 2u, k_end, row, q0 + 0u, vec4f(a0_1.z,a1_1.z,a2_1.z,a3_1.z));
  store(n, k0 + 4u + 3u, k_end, row, q0 + 0u, vec4f(a0_1.w,a1_1.w,a2_1.w,a3_1.w));
}
