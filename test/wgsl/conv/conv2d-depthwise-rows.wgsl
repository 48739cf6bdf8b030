// conv2d/depthwise-rows: depthwise rows: dilation 6 in 4s, leftover rows, batch 2, bias, residual and ReLU.
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
@group(0) @binding(0) var<storage, read> x: array<Element4>;
@group(0) @binding(1) var<storage, read> w: array<Element>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<Element4>;
@group(0) @binding(4) var<storage, read_write> y: array<Element4>;
@group(0) @binding(5) var<uniform> p: Params;
fn activate(v: vec4<f32>) -> vec4<f32> {
  return select(v, vec4<f32>(0.0), v < vec4<f32>(0.0));
}

fn store(n: u32, k: u32, row: u32, q0: u32, sum: vec4f) {
  let element = (k * p.out_height + row) * p.out_width + q0;
  let y_at = p.y_offset + n * p.y_batch_stride + element;
  let residual_at = p.residual_offset + n * p.residual_batch_stride + element;
  var value = sum;
  value += bias[k];
  
  value += vec4f(residual[residual_at / 4u]);
  y[y_at / 4u] = stored4(activate(value));
  
}
fn load(at: u32) -> vec4f { return vec4f(x[at / 4u]); }

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let step = p.dilation_height;
  let columns = p.out_width / 4u;
  let places = (p.out_height + step * 4u - 1u) / (step * 4u) * step;
  let index = id.y * grid.x * 64u + id.x;
  let k = index / (places * columns);
  if (k >= p.out_channels) { return; }
  let q0 = index % columns * 4u;
  let place = index / columns % places;
  let first = place / step * step * 4u + place % step;
  let n = id.z;
  let x_plane = p.x_offset + n * p.x_batch_stride + k / (p.out_channels / p.channels) * p.height * p.width;
  let first_h = i32(first) - i32(p.pad_top);
  var h = 0;
  let cx0 = i32(q0) + -8;
  let in_x0 = cx0 >= 0 && cx0 < i32(p.width);
  let at_x0 = u32(clamp(cx0, 0, i32(p.width) - 4));
  let cx1 = i32(q0) + -4;
  let in_x1 = cx1 >= 0 && cx1 < i32(p.width);
  let at_x1 = u32(clamp(cx1, 0, i32(p.width) - 4));
  let cx2 = i32(q0) + 0;
  let in_x2 = cx2 >= 0 && cx2 < i32(p.width);
  let at_x2 = u32(clamp(cx2, 0, i32(p.width) - 4));
  let cx3 = i32(q0) + 4;
  let in_x3 = cx3 >= 0 && cx3 < i32(p.width);
  let at_x3 = u32(clamp(cx3, 0, i32(p.width) - 4));
  let cx4 = i32(q0) + 8;
  let in_x4 = cx4 >= 0 && cx4 < i32(p.width);
  let at_x4 = u32(clamp(cx4, 0, i32(p.width) - 4));
  let w0_0 = f32(w[k * 9u + 0u]); let w0_1 = f32(w[k * 9u + 1u]); let w0_2 = f32(w[k * 9u + 2u]); let w1_0 = f32(w[k * 9u + 3u]); let w1_1 = f32(w[k * 9u + 4u]); let w1_2 = f32(w[k * 9u + 5u]); let w2_0 = f32(w[k * 9u + 6u]); let w2_1 = f32(w[k * 9u + 7u]); let w2_2 = f32(w[k * 9u + 8u]);
  var a0 = vec4f(); var a1 = vec4f(); var a2 = vec4f(); var a3 = vec4f();
  h = first_h + 0 * i32(p.dilation_height);
  if (h >= 0 && h < i32(p.height)) {
    let x_row = x_plane + u32(h) * p.width;
    let x0 = select(vec4f(), load(x_row + at_x0), in_x0);
    let x1 = select(vec4f(), load(x_row + at_x1), in_x1);
    let x2 = select(vec4f(), load(x_row + at_x2), in_x2);
    let x3 = select(vec4f(), load(x_row + at_x3), in_x3);
    let x4 = select(vec4f(), load(x_row + at_x4), in_x4);
    let t0 = vec4f(x0[2],x0[3],x1[0],x1[1]); let t1 = x2; let t2 = vec4f(x3[2],x3[3],x4[0],x4[1]);
    a0 += t0 * w0_0 + t1 * w0_1 + t2 * w0_2;
  }
  h = first_h + 1 * i32(p.dilation_height);
  if (h >= 0 && h < i32(p.height)) {
    let x_row = x_plane + u32(h) * p.width;
    let x0 = select(vec4f(), load(x_row + at_x0), in_x0);
    let x1 = select(vec4f(), load(x_row + at_x1), in_x1);
    let x2 = select(vec4f(), load(x_row + at_x2), in_x2);
    let x3 = select(vec4f(), load(x_row + at_x3), in_x3);
    let x4 = select(vec4f(), load(x_row + at_x4), in_x4);
    let t0 = vec4f(x0[2],x0[3],x1[0],x1[1]); let t1 = x2; let t2 = vec4f(x3[2],x3[3],x4[0],x4[1]);
    a0 += t0 * w1_0 + t1 * w1_1 + t2 * w1_2; a1 += t0 * w0_0 + t1 * w0_1 + t2 * w0_2;
  }
  h = first_h + 2 * i32(p.dilation_height);
  if (h >= 0 && h < i32(p.height)) {
    let x_row = x_plane + u32(h) * p.width;
    let x0 = select(vec4f(), load(x_row + at_x0), in_x0);
    let x1 = select(vec4f(), load(x_row + at_x1), in_x1);
    let x2 = select(vec4f(), load(x_row + at_x2), in_x2);
    let x3 = select(vec4f(), load(x_row + at_x3), in_x3);
    let x4 = select(vec4f(), load(x_row + at_x4), in_x4);
    let t0 = vec4f(x0[2],x0[3],x1[0],x1[1]); let t1 = x2; let t2 = vec4f(x3[2],x3[3],x4[0],x4[1]);
    a0 += t0 * w2_0 + t1 * w2_1 + t2 * w2_2; a1 += t0 * w1_0 + t1 * w1_1 + t2 * w1_2; a2 += t0 * w0_0 + t1 * w0_1 + t2 * w0_2;
  }
  h = first_h + 3 * i32(p.dilation_height);
  if (h >= 0 && h < i32(p.height)) {
    let x_row = x_plane + u32(h) * p.width;
    let x0 = select(vec4f(), load(x_row + at_x0), in_x0);
    let x1 = select(vec4f(), load(x_row + at_x1), in_x1);
    let x2 = select(vec4f(), load(x_row + at_x2), in_x2);
    let x3 = select(vec4f(), load(x_row + at_x3), in_x3);
    let x4 = select(vec4f(), load(x_row + at_x4), in_x4);
    let t0 = vec4f(x0[2],x0[3],x1[0],x1[1]); let t1 = x2; let t2 = vec4f(x3[2],x3[3],x4[0],x4[1]);
    a1 += t0 * w2_0 + t1 * w2_1 + t2 * w2_2; a2 += t0 * w1_0 + t1 * w1_1 + t2 * w1_2; a3 += t0 * w0_0 + t1 * w0_1 + t2 * w0_2;
  }
  h = first_h + 4 * i32(p.dilation_height);
  if (h >= 0 && h < i32(p.height)) {
    let x_row = x_plane + u32(h) * p.width;
    let x0 = select(vec4f(), load(x_row + at_x0), in_x0);
    let x1 = select(vec4f(), load(x_row + at_x1), in_x1);
    let x2 = select(vec4f(), load(x_row + at_x2), in_x2);
    let x3 = select(vec4f(), load(x_row + at_x3), in_x3);
    let x4 = select(vec4f(), load(x_row + at_x4), in_x4);
    let t0 = vec4f(x0[2],x0[3],x1[0],x1[1]); let t1 = x2; let t2 = vec4f(x3[2],x3[3],x4[0],x4[1]);
    a2 += t0 * w2_0 + t1 * w2_1 + t2 * w2_2; a3 += t0 * w1_0 + t1 * w1_1 + t2 * w1_2;
  }
  h = first_h + 5 * i32(p.dilation_height);
  if (h >= 0 && h < i32(p.height)) {
    let x_row = x_plane + u32(h) * p.width;
    let x0 = select(vec4f(), load(x_row + at_x0), in_x0);
    let x1 = select(vec4f(), load(x_row + at_x1), in_x1);
    let x2 = select(vec4f(), load(x_row + at_x2), in_x2);
    let x3 = select(vec4f(), load(x_row + at_x3), in_x3);
    let x4 = select(vec4f(), load(x_row + at_x4), in_x4);
    let t0 = vec4f(x0[2],x0[3],x1[0],x1[1]); let t1 = x2; let t2 = vec4f(x3[2],x3[3],x4[0],x4[1]);
    a3 += t0 * w2_0 + t1 * w2_1 + t2 * w2_2;
  }
  if (first + 0u * step < p.out_height) { store(n, k, first + 0u * step, q0, a0); }
  if (first + 1u * step < p.out_height) { store(n, k, first + 1u * step, q0, a1); }
  if (first + 2u * step < p.out_height) { store(n, k, first + 2u * step, q0, a2); }
  if (first + 3u * step < p.out_height) { store(n, k, first + 3u * step, q0, a3); }
}
