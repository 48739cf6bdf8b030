// cast/strided: to f16, vectors.
enable f16;
alias Element = f16;
alias Element4 = vec4<f16>;
// Saturates: beyond 65504 f16 has only infinity. NaN stays NaN.
fn stored(v: f32) -> Element { return f16(select(v, sign(v) * 65504.0, abs(v) > 65504.0)); }
fn stored4(v: vec4f) -> Element4 { return Element4(select(v, sign(v) * 65504.0, abs(v) > vec4f(65504.0))); }
struct Params {
  count: u32,
  a_offset: u32,
  a_stride0: u32,
  y_offset: u32,
  y_stride0: u32,
}
@group(0) @binding(0) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<f16>>;
@group(0) @binding(2) var<uniform> p: Params;
fn f(v: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(v);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= p.count) { return; }
  let i0 = i;
  let a_at = p.a_offset + i0 * p.a_stride0;
  let y_at = p.y_offset + i0 * p.y_stride0;
  y[y_at] = stored4(f(vec4<f32>(vec4<f32>(a[a_at]))));
}
