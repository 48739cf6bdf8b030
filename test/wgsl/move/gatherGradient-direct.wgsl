// gatherGradient/direct: one element.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  count: u32,
  size: u32,
  inner: u32,
  places: u32,
}
@group(0) @binding(0) var<storage, read> gy: array<Element>;
@group(0) @binding(1) var<storage, read> index: array<i32>;
@group(0) @binding(2) var<storage, read_write> gx: array<Element>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.y * groups.x * 64u + id.x;
  if (at >= p.count) { return; }
  let n = at % p.inner;
  let s = i32(at / p.inner % p.size);
  let first = at / p.inner / p.size * p.places * p.inner + n;
  let size = i32(p.size);
  var sum = 0.0;
  for (var k = 0u; k < p.places; k++) {
    let given = index[k];
    if (clamp(select(given, given + size, given < 0), 0, size - 1) == s) { sum += f32(gy[first + k * p.inner]); }
  }
  gx[at] = stored(sum);
}
