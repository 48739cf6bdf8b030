// conv2d/depthwise-tiled: depthwise rows: dilation 6 in 4s, leftover rows, batch 2, bias, residual and ReLU.
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
@group(0) @binding(1) var<storage, read> w: array<Element>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<Element>;
@group(0) @binding(4) var<storage, read_write> y: array<Element>;
@group(0) @binding(5) var<uniform> p: Params;
fn activate(v: f32) -> f32 {
  return select(v, f32(0.0), v < f32(0.0));
}

fn store(n: u32, k: u32, row: u32, column: u32, sum: f32) {
  if (row >= p.out_height || column >= p.out_width) { return; }
  let element = (k * p.out_height + row) * p.out_width + column;
  var value = sum;
  value += bias[k];
  value += f32(residual[p.residual_offset + n * p.residual_batch_stride + element]);
  y[p.y_offset + n * p.y_batch_stride + element] = stored(activate(value));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let step = vec2u(p.dilation_height, p.dilation_width);
  let tile = vec2u(4u,4u);
  let places = (vec2u(p.out_height, p.out_width) + step * tile - 1u) / (step * tile) * step;
  let index = id.y * grid.x * 64u + id.x;
  let k = index / (places.x * places.y);
  if (k >= p.out_channels) { return; }
  let place = vec2u(index / places.y % places.x, index % places.y);
  let first = place / step * step * tile + place % step;
  let n = id.z;
  let x_plane = p.x_offset + n * p.x_batch_stride + k / (p.out_channels / p.channels) * p.height * p.width;
  let h = i32(first.x) - i32(p.pad_top);
  let v = i32(first.y) - i32(p.pad_left);
  let v0 = v + 0 * i32(p.dilation_width); let in_v0 = v0 >= 0 && v0 < i32(p.width);
  let column0 = u32(clamp(v0, 0, i32(p.width) - 1));
  let v1 = v + 1 * i32(p.dilation_width); let in_v1 = v1 >= 0 && v1 < i32(p.width);
  let column1 = u32(clamp(v1, 0, i32(p.width) - 1));
  let v2 = v + 2 * i32(p.dilation_width); let in_v2 = v2 >= 0 && v2 < i32(p.width);
  let column2 = u32(clamp(v2, 0, i32(p.width) - 1));
  let v3 = v + 3 * i32(p.dilation_width); let in_v3 = v3 >= 0 && v3 < i32(p.width);
  let column3 = u32(clamp(v3, 0, i32(p.width) - 1));
  let v4 = v + 4 * i32(p.dilation_width); let in_v4 = v4 >= 0 && v4 < i32(p.width);
  let column4 = u32(clamp(v4, 0, i32(p.width) - 1));
  let v5 = v + 5 * i32(p.dilation_width); let in_v5 = v5 >= 0 && v5 < i32(p.width);
  let column5 = u32(clamp(v5, 0, i32(p.width) - 1));
  let w0_0 = f32(w[k * 9u + 0u]); let w0_1 = f32(w[k * 9u + 1u]); let w0_2 = f32(w[k * 9u + 2u]); let w1_0 = f32(w[k * 9u + 3u]); let w1_1 = f32(w[k * 9u + 4u]); let w1_2 = f32(w[k * 9u + 5u]); let w2_0 = f32(w[k * 9u + 6u]); let w2_1 = f32(w[k * 9u + 7u]); let w2_2 = f32(w[k * 9u + 8u]);
  var a0_0 = 0.0; var a0_1 = 0.0; var a0_2 = 0.0; var a0_3 = 0.0; var a1_0 = 0.0; var a1_1 = 0.0; var a1_2 = 0.0; var a1_3 = 0.0; var a2_0 = 0.0; var a2_1 = 0.0; var a2_2 = 0.0; var a2_3 = 0.0; var a3_0 = 0.0; var a3_1 = 0.0; var a3_2 = 0.0; var a3_3 = 0.0;
  let h0 = h + 0 * i32(p.dilation_height); let in_h0 = h0 >= 0 && h0 < i32(p.height);
  let row0 = x_plane + u32(clamp(h0, 0, i32(p.height) - 1)) * p.width;
  let x0_0 = select(0.0, f32(x[row0 + column0]), in_h0 && in_v0); let x0_1 = select(0.0, f32(x[row0 + column1]), in_h0 && in_v1); let x0_2 = select(0.0, f32(x[row0 + column2]), in_h0 && in_v2); let x0_3 = select(0.0, f32(x[row0 + column3]), in_h0 && in_v3); let x0_4 = select(0.0, f32(x[row0 + column4]), in_h0 && in_v4); let x0_5 = select(0.0, f32(x[row0 + column5]), in_h0 && in_v5);
  a0_0 += x0_0 * w0_0; a0_1 += x0_1 * w0_0; a0_2 += x0_2 * w0_0; a0_3 += x0_3 * w0_0; a0_0 += x0_1 * w0_1; a0_1 += x0_2 * w0_1; a0_2 += x0_3 * w0_1; a0_3 += x0_4 * w0_1; a0_0 += x0_2 * w0_2; a0_1 += x0_3 * w0_2; a0_2 += x0_4 * w0_2; a0_3 += x0_5 * w0_2;
  let h1 = h + 1 * i32(p.dilation_height); let in_h1 = h1 >= 0 && h1 < i32(p.height);
  let row1 = x_plane + u32(clamp(h1, 0, i32(p.height) - 1)) * p.width;
  let x1_0 = select(0.0, f32(x[row1 + column0]), in_h1 && in_v0); let x1_1 = select(0.0, f32(x[row1 + column1]), in_h1 && in_v1); let x1_2 = select(0.0, f32(x[row1 + column2]), in_h1 && in_v2); let x1_3 = select(0.0, f32(x[row1 + column3]), in_h1 && in_v3); let x1_4 = select(0.0, f32(x[row1 + column4]), in_h1 && in_v4); let x1_5 = select(0.0, f32(x[row1 + column5]), in_h1 && in_v5);
  a0_0 += x1_0 * w1_0; a0_1 += x1_1 * w1_0; a0_2 += x1_2 * w1_0; a0_3 += x1_3 * w1_0; a0_0 += x1_1 * w1_1; a0_1 += x1_2 * w1_1; a0_2 += x1_3 * w1_1; a0_3 += x1_4 * w1_1; a0_0 += x1_2 * w1_2; a0_1 += x1_3 * w1_2; a0_2 += x1_4 * w1_2; a0_3 += x1_5 * w1_2; a1_0 += x1_0 * w0_0; a1_1 += x1_1 * w0_0; a1_2 += x1_2 * w0_0; a1_3 += x1_3 * w0_0; a1_0 += x1_1 * w0_1; a1_1 += x1_2 * w0_1; a1_2 += x1_3 * w0_1; a1_3 += x1_4 * w0_1; a1_0 += x1_2 * w0_2; a1_1 += x1_3 * w0_2; a1_2 += x1_4 * w0_2; a1_3 += x1_5 * w0_2;
  let h2 = h + 2 * i32(p.dilation_height); let in_h2 = h2 >= 0 && h2 < i32(p.height);
  let row2 = x_plane + u32(clamp(h2, 0, i32(p.height) - 1)) * p.width;
  let x2_0 = select(0.0, f32(x[row2 + column0]), in_h2 && in_v0); let x2_1 = select(0.0, f32(x[row2 + column1]), in_h2 && in_v1); let x2_2 = select(0.0, f32(x[row2 + column2]), in_h2 && in_v2); let x2_3 = select(0.0, f32(x[row2 + column3]), in_h2 && in_v3); let x2_4 = select(0.0, f32(x[row2 + column4]), in_h2 && in_v4); let x2_5 = select(0.0, f32(x[row2 + column5]), in_h2 && in_v5);
  a0_0 += x2_0 * w2_0; a0_1 += x2_1 * w2_0; a0_2 += x2_2 * w2_0; a0_3 += x2_3 * w2_0; a0_0 += x2_1 * w2_1; a0_1 += x2_2 * w2_1; a0_2 += x2_3 * w2_1; a0_3 += x2_4 * w2_1; a0_0 += x2_2 * w2_2; a0_1 += x2_3 * w2_2; a0_2 += x2_4 * w2_2; a0_3 += x2_5 * w2_2; a1_0 += x2_0 * w1_0; a1_1 += x2_1 * w1_0; a1_2 += x2_2 * w1_0; a1_3 += x2_3 * w1_0; a1_0 += x2_1 * w1_1; a1_1 += x2_2 * w1_1; a1_2 += x2_3 * w1_1; a1_3 += x2_4 * w1_1; a1_0 += x2_2 * w1_2; a1_1 += x2_3 * w1_2; a1_2 += x2_4 * w1_2; a1_3 += x2_5 * w1_2; a2_0 += x2_0 * w0_0; a2_1 += x2_1 * w0_0; a2_2 += x2_2 * w0_0; a2_3 += x2_3 * w0_0; a2_0 += x2_1 * w0_1; a2_1 += x2_2 * w0_1; a2_2 += x2_3 * w0_1; a2_3 += x2_4 * w0_1; a2_0 += x2_2 * w0_2; a2_1 += x2_3 * w0_2; a2_2 += x2_4 * w0_2; a2_3 += x2_5 * w0_2;
  let h3 = h + 3 * i32(p.dilation_height); let in_h3 = h3 >= 0 && h3 < i32(p.height);
  let row3 = x_plane + u32(clamp(h3, 0, i32(p.height) - 1)) * p.width;
  let x3_0 = select(0.0, f32(x[row3 + column0]), in_h3 && in_v0); let x3_1 = select(0.0, f32(x[row3 + column1]), in_h3 && in_v1); let x3_2 = select(0.0, f32(x[row3 + column2]), in_h3 && in_v2); let x3_3 = select(0.0, f32(x[row3 + column3]), in_h3 && in_v3); let x3_4 = select(0.0, f32(x[row3 + column4]), in_h3 && in_v4); let x3_5 = select(0.0, f32(x[row3 + column5]), in_h3 && in_v5);
  a1_0 += x3_0 * w2_0; a1_1 += x3_1 * w2_0; a1_2 += x3_2 * w2_0; a1_3 += x3_3 * w2_0; a1_0 += x3_1 * w2_1; a1_1 += x3_2 * w2_1; a1_2 += x3_3 * w2_1; a1_3 += x3_4 * w2_1; a1_0 += x3_2 * w2_2; a1_1 += x3_3 * w2_2; a1_2 += x3_4 * w2_2; a1_3 += x3_5 * w2_2; a2_0 += x3_0 * w1_0; a2_1 += x3_1 * w1_0; a2_2 += x3_2 * w1_0; a2_3 += x3_3 * w1_0; a2_0 += x3_1 * w1_1; a2_1 += x3_2 * w1_1; a2_2 += x3_3 * w1_1; a2_3 += x3_4 * w1_1; a2_0 += x3_2 * w1_2; a2_1 += x3_3 * w1_2; a2_2 += x3_4 * w1_2; a2_3 += x3_5 * w1_2; a3_0 += x3_0 * w0_0; a3_1 += x3_1 * w0_0; a3_2 += x3_2 * w0_0; a3_3 += x3_3 * w0_0; a3_0 += x3_1 * w0_1; a3_1 += x3_2 * w0_1; a3_2 += x3_3 * w0_1; a3_3 += x3_4 * w0_1; a3_0 += x3_2 * w0_2; a3_1 += x3_3 * w0_2; a3_2 += x3_4 * w0_2; a3_3 += x3_5 * w0_2;
  let h4 = h + 4 * i32(p.dilation_height); let in_h4 = h4 >= 0 && h4 < i32(p.height);
  let row4 = x_plane + u32(clamp(h4, 0, i32(p.height) - 1)) * p.width;
  let x4_0 = select(0.0, f32(x[row4 + column0]), in_h4 && in_v0); let x4_1 = select(0.0, f32(x[row4 + column1]), in_h4 && in_v1); let x4_2 = select(0.0, f32(x[row4 + column2]), in_h4 && in_v2); let x4_3 = select(0.0, f32(x[row4 + column3]), in_h4 && in_v3); let x4_4 = select(0.0, f32(x[row4 + column4]), in_h4 && in_v4); let x4_5 = select(0.0, f32(x[row4 + column5]), in_h4 && in_v5);
  a2_0 += x4_0 * w2_0; a2_1 += x4_1 * w2_0; a2_2 += x4_2 * w2_0; a2_3 += x4_3 * w2_0; a2_0 += x4_1 * w2_1; a2_1 += x4_2 * w2_1; a2_2 += x4_3 * w2_1; a2_3 += x4_4 * w2_1; a2_0 += x4_2 * w2_2; a2_1 += x4_3 * w2_2; a2_2 += x4_4 * w2_2; a2_3 += x4_5 * w2_2; a3_0 += x4_0 * w1_0; a3_1 += x4_1 * w1_0; a3_2 += x4_2 * w1_0; a3_3 += x4_3 * w1_0; a3_0 += x4_1 * w1_1; a3_1 += x4_2 * w1_1; a3_2 += x4_3 * w1_1; a3_3 += x4_4 * w1_1; a3_0 += x4_2 * w1_2; a3_1 += x4_3 * w1_2; a3_2 += x4_4 * w1_2; a3_3 += x4_5 * w1_2;
  let h5 = h + 5 * i32(p.dilation_height); let in_h5 = h5 >= 0 && h5 < i32(p.height);
  let row5 = x_plane + u32(clamp(h5, 0, i32(p.height) - 1)) * p.width;
  let x5_0 = select(0.0, f32(x[row5 + column0]), in_h5 && in_v0); let x5_1 = select(0.0, f32(x[row5 + column1]), in_h5 && in_v1); let x5_2 = select(0.0, f32(x[row5 + column2]), in_h5 && in_v2); let x5_3 = select(0.0, f32(x[row5 + column3]), in_h5 && in_v3); let x5_4 = select(0.0, f32(x[row5 + column4]), in_h5 && in_v4); let x5_5 = select(0.0, f32(x[row5 + column5]), in_h5 && in_v5);
  a3_0 += x5_0 * w2_0; a3_1 += x5_1 * w2_0; a3_2 += x5_2 * w2_0; a3_3 += x5_3 * w2_0; a3_0 += x5_1 * w2_1; a3_1 += x5_2 * w2_1; a3_2 += x5_3 * w2_1; a3_3 += x5_4 * w2_1; a3_0 += x5_2 * w2_2; a3_1 += x5_3 * w2_2; a3_2 += x5_4 * w2_2; a3_3 += x5_5 * w2_2;
  store(n, k, first.x + 0u * step.x, first.y + 0u * step.y, a0_0);
  store(n, k, first.x + 0u * step.x, first.y + 1u * step.y, a0_1);
  store(n, k, first.x + 0u * step.x, first.y + 2u * step.y, a0_2);
  store(n, k, first.x + 0u * step.x, first.y + 3u * step.y, a0_3);
  store(n, k, first.x + 1u * step.x, first.y + 0u * step.y, a1_0);
  store(n, k, first.x + 1u * step.x, first.y + 1u * step.y, a1_1);
  store(n, k, first.x + 1u * step.x, first.y + 2u * step.y, a1_2);
  store(n, k, first.x + 1u * step.x, first.y + 3u * step.y, a1_3);
  store(n, k, first.x + 2u * step.x, first.y + 0u * step.y, a2_0);
  store(n, k, first.x + 2u * step.x, first.y + 1u * step.y, a2_1);
  store(n, k, first.x + 2u * step.x, first.y + 2u * step.y, a2_2);
  store(n, k, first.x + 2u * step.x, first.y + 3u * step.y, a2_3);
  store(n, k, first.x + 3u * step.x, first.y + 0u * step.y, a3_0);
  store(n, k, first.x + 3u * step.x, first.y + 1u * step.y, a3_1);
  store(n, k, first.x + 3u * step.x, first.y + 2u * step.y, a3_2);
  store(n, k, first.x + 3u * step.x, first.y + 3u * step.y, a3_3);
}
