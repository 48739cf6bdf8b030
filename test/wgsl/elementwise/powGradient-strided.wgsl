// powGradient/strided: base leftover of 4, two repeat.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  count: u32,
  size1: u32,
  size2: u32,
  size3: u32,
  a_offset: u32,
  a_stride0: u32,
  a_stride1: u32,
  a_stride2: u32,
  a_stride3: u32,
  b_offset: u32,
  b_stride0: u32,
  b_stride1: u32,
  b_stride2: u32,
  b_stride3: u32,
  c_offset: u32,
  c_stride0: u32,
  c_stride1: u32,
  c_stride2: u32,
  c_stride3: u32,
  y_offset: u32,
  y_stride0: u32,
  y_stride1: u32,
  y_stride2: u32,
  y_stride3: u32,
}
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> c: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;
fn f(g: f32, a: f32, given: f32) -> f32 {
  let b = given - 1.0;
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
  return select(g * given * y, f32(0.0), given == f32(0.0));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= p.count) { return; }
  let i3 = i % p.size3;
  let rest3 = i / p.size3;
  let i2 = rest3 % p.size2;
  let rest2 = rest3 / p.size2;
  let i1 = rest2 % p.size1;
  let rest1 = rest2 / p.size1;
  let i0 = rest1;
  let a_at = p.a_offset + i0 * p.a_stride0 + i1 * p.a_stride1 + i2 * p.a_stride2 + i3 * p.a_stride3;
  let b_at = p.b_offset + i0 * p.b_stride0 + i1 * p.b_stride1 + i2 * p.b_stride2 + i3 * p.b_stride3;
  let c_at = p.c_offset + i0 * p.c_stride0 + i1 * p.c_stride1 + i2 * p.c_stride2 + i3 * p.c_stride3;
  let y_at = p.y_offset + i0 * p.y_stride0 + i1 * p.y_stride1 + i2 * p.y_stride2 + i3 * p.y_stride3;
  y[y_at] = (f(f32(f32(a[a_at])), f32(f32(b[b_at])), f32(f32(c[c_at]))));
}
