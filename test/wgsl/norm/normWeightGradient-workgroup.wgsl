// normWeightGradient/workgroup: one element.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  count: u32,
  g_offset: u32,
  g_stride0: u32,
  x_offset: u32,
  x_stride0: u32,
  s_offset: u32,
  s_stride0: u32,
  w_offset: u32,
  w_stride0: u32,
  b_offset: u32,
  b_stride0: u32,
  terms: u32,
  term_size0: u32,
  g_term0: u32,
  x_term0: u32,
  s_term0: u32,
}
@group(0) @binding(0) var<storage, read> gy: array<Element>;
@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read> statistics: array<f32>;
@group(0) @binding(3) var<storage, read_write> gweight: array<f32>;
@group(0) @binding(4) var<storage, read_write> gbias: array<f32>;
@group(0) @binding(5) var<uniform> p: Params;
var<private> g_row: u32;
var<private> s_row: u32;
fn g_term(k: u32) -> u32 {
  var rest = k;
  var at = 0u;
  return at + rest * p.g_term0;
}
fn x_term(k: u32) -> u32 {
  var rest = k;
  var at = 0u;
  return at + rest * p.x_term0;
}
fn s_term(k: u32) -> u32 {
  var rest = k;
  var at = 0u;
  return at + rest * p.s_term0;
}
fn weighted(g: f32, v: f32, at: u32) -> vec2f { return vec2f(g * (v - statistics[at]) * statistics[at + 1u], g); }
var<workgroup> fold_pair: array<vec2f, 128>;
fn pair_of_two(a: vec2f, b: vec2f) -> vec2f { return a + b; }
fn pair(row: u32, terms: u32, lane: u32, shift: vec2f) -> vec2f {
  var total = vec2f();
  for (var first = lane; first < terms; first += 8192u) {
    var block = vec2f();
    for (var k = first; k < min(terms, first + 8192u); k += 128u) {
      block = pair_of_two(block, weighted(f32(gy[g_row + g_term(k)]), f32(x[row + x_term(k)]), s_row + s_term(k)));
    }
    total = pair_of_two(total, block);
  }
  fold_pair[lane] = total;
  workgroupBarrier();
  for (var half = 64u; half > 0u; half /= 2u) {
    if (lane < half) { fold_pair[lane] = pair_of_two(fold_pair[lane], fold_pair[lane + half]); }
    workgroupBarrier();
  }
  return fold_pair[0];
}

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32, @builtin(num_workgroups) groups: vec3u) {
  let lane = local;
  let i = group.y * groups.x + group.x;
  if (i >= p.count) { return; }
  let i0 = i;
  let g_at = p.g_offset + i0 * p.g_stride0;
  let x_at = p.x_offset + i0 * p.x_stride0;
  let s_at = p.s_offset + i0 * p.s_stride0;
  let w_at = p.w_offset + i0 * p.w_stride0;
  let b_at = p.b_offset + i0 * p.b_stride0;
  g_row = g_at;
  s_row = s_at;
  let total = pair(x_at, p.terms, lane, vec2f());
  if (lane == 0u) {
    gweight[w_at] = total.x;
    gbias[b_at] = total.y;
  }
}
