// sumParts/strided: bias, residual and ReLU.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  count: u32,
  size1: u32,
  size2: u32,
  x_offset: u32,
  x_stride0: u32,
  x_stride1: u32,
  x_stride2: u32,
  c_offset: u32,
  c_stride0: u32,
  c_stride1: u32,
  c_stride2: u32,
  residual_offset: u32,
  residual_stride0: u32,
  residual_stride1: u32,
  residual_stride2: u32,
  y_offset: u32,
  y_stride0: u32,
  y_stride1: u32,
  y_stride2: u32,
  parts: u32,
  part_stride: u32,
}
@group(0) @binding(0) var<storage, read> x: array<Element4>;
@group(0) @binding(1) var<storage, read> bias: array<f32>;
@group(0) @binding(2) var<storage, read> residual: array<Element4>;
@group(0) @binding(3) var<storage, read_write> y: array<Element4>;
@group(0) @binding(4) var<uniform> p: Params;
fn activate(v: vec4<f32>) -> vec4<f32> {
  return select(v, vec4<f32>(0.0), v < vec4<f32>(0.0));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= p.count) { return; }
  let i2 = i % p.size2;
  let rest2 = i / p.size2;
  let i1 = rest2 % p.size1;
  let rest1 = rest2 / p.size1;
  let i0 = rest1;
  let x_at = p.x_offset + i0 * p.x_stride0 + i1 * p.x_stride1 + i2 * p.x_stride2;
  let c_at = p.c_offset + i0 * p.c_stride0 + i1 * p.c_stride1 + i2 * p.c_stride2;
  let residual_at = p.residual_offset + i0 * p.residual_stride0 + i1 * p.residual_stride1 + i2 * p.residual_stride2;
  let y_at = p.y_offset + i0 * p.y_stride0 + i1 * p.y_stride1 + i2 * p.y_stride2;
  var sum = vec4f(x[x_at]);
  for (var s = 1u; s < p.parts; s++) {
    sum += vec4f(x[x_at + s * p.part_stride]);
  }
  
  sum += vec4f(bias[c_at]);
  
  
  sum += vec4f(residual[residual_at]);
  
  y[y_at] = stored4(activate(sum));
}
