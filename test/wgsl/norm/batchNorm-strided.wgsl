// batchNorm/strided: one element.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  count: u32,
  x_offset: u32,
  x_stride0: u32,
  c_offset: u32,
  c_stride0: u32,
  y_offset: u32,
  y_stride0: u32,
  eps: f32,
}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> gamma: array<f32>;
@group(0) @binding(2) var<storage, read> beta: array<f32>;
@group(0) @binding(3) var<storage, read> mean: array<f32>;
@group(0) @binding(4) var<storage, read> variance: array<f32>;
@group(0) @binding(5) var<storage, read_write> y: array<Element>;
@group(0) @binding(6) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= p.count) { return; }
  let i0 = i;
  let x_at = p.x_offset + i0 * p.x_stride0;
  let c_at = p.c_offset + i0 * p.c_stride0;
  let y_at = p.y_offset + i0 * p.y_stride0;
  let scale = gamma[c_at] / sqrt(variance[c_at] + p.eps);
  y[y_at] = stored((f32(x[x_at]) - f32(mean[c_at])) * f32(scale) + f32(beta[c_at]));
}
