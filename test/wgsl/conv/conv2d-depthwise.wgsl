// conv2d/depthwise: depthwise rows: dilation 6 in 4s, leftover rows, batch 2, bias, residual and ReLU.
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

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let tiles = (p.out_width + 3u) / 4u;
  let row = id.x / tiles;
  let q0 = id.x % tiles * 4u;
  if (row >= p.out_height) { return; }
  let k = id.y;
  let n = id.z;
  let channel = k / (p.out_channels / p.channels);
  let first = i32(q0 * 1u) - i32(p.pad_left);
  let last = i32(p.width) - 1;
  let c0 = first + 0; let ok0 = c0 >= 0 && c0 < i32(p.width); let at0 = u32(clamp(c0, 0, last));
  let c1 = first + 1; let ok1 = c1 >= 0 && c1 < i32(p.width); let at1 = u32(clamp(c1, 0, last));
  let c2 = first + 2; let ok2 = c2 >= 0 && c2 < i32(p.width); let at2 = u32(clamp(c2, 0, last));
  let c3 = first + 3; let ok3 = c3 >= 0 && c3 < i32(p.width); let at3 = u32(clamp(c3, 0, last));
  let c6 = first + 6; let ok6 = c6 >= 0 && c6 < i32(p.width); let at6 = u32(clamp(c6, 0, last));
  let c7 = first + 7; let ok7 = c7 >= 0 && c7 < i32(p.width); let at7 = u32(clamp(c7, 0, last));
  let c8 = first + 8; let ok8 = c8 >= 0 && c8 < i32(p.width); let at8 = u32(clamp(c8, 0, last));
  let c9 = first + 9; let ok9 = c9 >= 0 && c9 < i32(p.width); let at9 = u32(clamp(c9, 0, last));
  let c12 = first + 12; let ok12 = c12 >= 0 && c12 < i32(p.width); let at12 = u32(clamp(c12, 0, last));
  let c13 = first + 13; let ok13 = c13 >= 0 && c13 < i32(p.width); let at13 = u32(clamp(c13, 0, last));
  let c14 = first + 14; let ok14 = c14 >= 0 && c14 < i32(p.width); let at14 = u32(clamp(c14, 0, last));
  let c15 = first + 15; let ok15 = c15 >= 0 && c15 < i32(p.width); let at15 = u32(clamp(c15, 0, last));
  var sum = vec4f();
  for (var r = 0u; r < p.kernel_height; r++) {
    let h = i32(row * p.stride_height + r * p.dilation_height) - i32(p.pad_top);
    if (h < 0 || h >= i32(p.height)) { continue; }
    let x_row = p.x_offset + n * p.x_batch_stride + (channel * p.height + u32(h)) * p.width;
    let w_row = (k * p.kernel_height + r) * 3u;
    let x0 = select(0.0, f32(x[x_row + at0]), ok0);
    let x1 = select(0.0, f32(x[x_row + at1]), ok1);
    let x2 = select(0.0, f32(x[x_row + at2]), ok2);
    let x3 = select(0.0, f32(x[x_row + at3]), ok3);
    let x6 = select(0.0, f32(x[x_row + at6]), ok6);
    let x7 = select(0.0, f32(x[x_row + at7]), ok7);
    let x8 = select(0.0, f32(x[x_row + at8]), ok8);
    let x9 = select(0.0, f32(x[x_row + at9]), ok9);
    let x12 = select(0.0, f32(x[x_row + at12]), ok12);
    let x13 = select(0.0, f32(x[x_row + at13]), ok13);
    let x14 = select(0.0, f32(x[x_row + at14]), ok14);
    let x15 = select(0.0, f32(x[x_row + at15]), ok15);
    let w0 = f32(w[w_row + 0u]); sum += vec4f(x0,x1,x2,x3) * w0;
    let w1 = f32(w[w_row + 1u]); sum += vec4f(x6,x7,x8,x9) * w1;
    let w2 = f32(w[w_row + 2u]); sum += vec4f(x12,x13,x14,x15) * w2;
  }
  
  sum += bias[k];
  
  let element = (k * p.out_height + row) * p.out_width + q0;
  for (var i = 0u; i < min(4u, p.out_width - q0); i++) {
    var value = sum[i];
    
    value += f32(residual[p.residual_offset + n * p.residual_batch_stride + element + i]);
    
    y[p.y_offset + n * p.y_batch_stride + element + i] = stored(activate(value));
  }
}
