// conv3d/depthwise: depthwise, bias and sigmoid.
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
@group(0) @binding(1) var<storage, read> w: array<Element>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<Element>;
@group(0) @binding(4) var<uniform> p: Params;
fn activate(v: f32) -> f32 {
  let e = exp(-abs(v)); // never overflows
  return select(select(f32(1.0), e, v < f32(0.0)) / (1.0 + e), v, ((bitcast<u32>(v) & u32(0x7fffffffu)) > u32(0x7f800000u)));
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
  let c4 = first + 4; let ok4 = c4 >= 0 && c4 < i32(p.width); let at4 = u32(clamp(c4, 0, last));
  let c5 = first + 5; let ok5 = c5 >= 0 && c5 < i32(p.width); let at5 = u32(clamp(c5, 0, last));
  var sum = vec4f();
  for (var r = 0u; r < p.kernel_height; r++) {
    let h = input_row(row, r);
    if (h < 0 || h >= i32(p.height)) { continue; }
    let x_row = p.x_offset + n * p.x_batch_stride + (channel * p.height + u32(h)) * p.width;
    let w_row = (k * p.kernel_height + r) * 3u;
    let x0 = select(0.0, f32(x[x_row + at0]), ok0);
    let x1 = select(0.0, f32(x[x_row + at1]), ok1);
    let x2 = select(0.0, f32(x[x_row + at2]), ok2);
    let x3 = select(0.0, f32(x[x_row + at3]), ok3);
    let x4 = select(0.0, f32(x[x_row + at4]), ok4);
    let x5 = select(0.0, f32(x[x_row + at5]), ok5);
    let w0 = f32(w[w_row + 0u]); sum += vec4f(x0,x1,x2,x3) * w0;
    let w1 = f32(w[w_row + 1u]); sum += vec4f(x1,x2,x3,x4) * w1;
    let w2 = f32(w[w_row + 2u]); sum += vec4f(x2,x3,x4,x5) * w2;
  }
  
  sum += bias[k];
  
  let element = (k * p.out_height + row) * p.out_width + q0;
  for (var i = 0u; i < min(4u, p.out_width - q0); i++) {
    var value = sum[i];
    
    y[p.y_offset + n * p.y_batch_stride + element + i] = stored(activate(value));
  }
}
