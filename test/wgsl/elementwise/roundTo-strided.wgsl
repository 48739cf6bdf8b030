// roundTo/strided: to f16, vectors.
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
@group(0) @binding(0) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<f32>>;
@group(0) @binding(2) var<uniform> p: Params;
fn f(v: vec4<f32>) -> vec4<f32> {
  let bits = bitcast<vec4<u32>>(v);
  let size = bits & vec4<u32>(0x7fffffffu);
  let normal = (bits + vec4<u32>(0xfffu) + ((bits >> vec4<u32>(13u)) & vec4<u32>(1u))) & vec4<u32>(0xffffe000u);
  let infinite = (bits & vec4<u32>(0x80000000u)) | vec4<u32>(0x7f800000u);
  let tiny = round(v * 16777216.0) * (1.0 / 16777216.0);
  let wide = bitcast<vec4<f32>>(select(normal, infinite, size >= vec4<u32>(0x477ff000u)));
  return select(select(wide, tiny, size < vec4<u32>(0x38800000u)), v, size > vec4<u32>(0x7f800000u));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= p.count) { return; }
  let i0 = i;
  let a_at = p.a_offset + i0 * p.a_stride0;
  let y_at = p.y_offset + i0 * p.y_stride0;
  y[y_at] = (f(vec4<f32>(vec4<f32>(a[a_at]))));
}
