// gelu/strided: vector, leftover of 4.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  count: u32,
  a_offset: u32,
  a_stride0: u32,
  y_offset: u32,
  y_stride0: u32,
}
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;
fn f_erf(v: f32) -> f32 {
  let w = clamp(v, f32(-4.0), f32(4.0));
  let z = w * w;
  let p = (((((-2.72614225801306e-10 * z + 2.77068142495902e-8) * z - 2.10102402082508e-6) * z - 5.69250639462346e-5) * z
    - 7.34990630326855e-4) * z - 2.95459980854025e-3) * z - 1.60960333262415e-2;
  let q = (((-1.45660718464996e-5 * z - 2.13374055278905e-4) * z - 1.68282697438203e-3) * z - 7.37332916720468e-3) * z
    - 1.42647390514189e-2;
  return select(w * p / q, v, ((bitcast<u32>(v) & u32(0x7fffffffu)) > u32(0x7f800000u)));
}
fn f(v: f32) -> f32 {
  return 0.5 * v * (1.0 + f_erf(v * 0.7071067690849304));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= p.count) { return; }
  let i0 = i;
  let a_at = p.a_offset + i0 * p.a_stride0;
  let y_at = p.y_offset + i0 * p.y_stride0;
  y[y_at] = (f(f32(f32(a[a_at]))));
}
