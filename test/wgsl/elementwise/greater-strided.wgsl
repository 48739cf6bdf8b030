// greater/strided: equal shapes, leftover of 4.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  count: u32,
  a_offset: u32,
  a_stride0: u32,
  b_offset: u32,
  b_stride0: u32,
  y_offset: u32,
  y_stride0: u32,
}
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;
@group(0) @binding(3) var<uniform> p: Params;
fn f(a: f32, b: f32) -> u32 {
  return select(u32(), u32(1u), a > b);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= p.count) { return; }
  let i0 = i;
  let a_at = p.a_offset + i0 * p.a_stride0;
  let b_at = p.b_offset + i0 * p.b_stride0;
  let y_at = p.y_offset + i0 * p.y_stride0;
  y[y_at] = (f(f32(f32(a[a_at])), f32(f32(b[b_at]))));
}
