// pow/strided: equal shapes, leftover of 4.
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
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;
fn f(a: f32, b: f32) -> f32 {
  let isOdd = abs(b) - 2.0 * floor(abs(b) * 0.5) == f32(1.0);
  // What pow makes of 0 differs by driver: SwiftShader's 0 to the power 0.001 is 0.92.
  let ofZero = select(f32(0.0), bitcast<f32>(bitcast<u32>(abs(a)) | u32(0x7f800000u)), b < f32(0.0));
  var y = select(pow(abs(a), b), ofZero, a == f32(0.0));
  y = select(y, -y, (bitcast<u32>(a) >= u32(0x80000000u)) & isOdd);
  y = select(y, bitcast<f32>(bitcast<u32>(a) | u32(0x7fc00000u)), (a < f32(0.0)) & (floor(b) != b));
  y = select(y, a * a, b == f32(2.0));
  y = select(y, a, (b == f32(1.0)) | ((bitcast<u32>(a) & u32(0x7fffffffu)) > u32(0x7f800000u)));
  y = select(y, b, ((bitcast<u32>(b) & u32(0x7fffffffu)) > u32(0x7f800000u)));
  y = select(y, f32(1.0), (b == f32(0.0)) | (a == f32(1.0)));
  return y;
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
