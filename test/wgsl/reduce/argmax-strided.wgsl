// argmax/strided: one element.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  count: u32,
  x_offset: u32,
  x_stride0: u32,
  y_offset: u32,
  y_stride0: u32,
  axis_size: u32,
  axis_stride: u32,
}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read_write> y: array<i32>;
@group(0) @binding(2) var<uniform> p: Params;

// Integers in the order of the floats: WGSL lets a compiler assume that no float is NaN.
fn order(v: f32) -> i32 {
  let bits = bitcast<u32>(v);
  let magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) { return 0x7fffffff; }
  return select(i32(magnitude), -i32(magnitude), bits != magnitude);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= p.count) { return; }
  let i0 = i;
  let x_at = p.x_offset + i0 * p.x_stride0;
  let y_at = p.y_offset + i0 * p.y_stride0;
  var best = 0u;
  var largest = order(f32(x[x_at]));
  for (var k = 1u; k < p.axis_size; k++) {
    let candidate = order(f32(x[x_at + k * p.axis_stride]));
    if (candidate > largest) {
      largest = candidate;
      best = k;
    }
  }
  y[y_at] = i32(best);
}
