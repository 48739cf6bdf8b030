// normStatistics/solo: one element.
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
  w_offset: u32,
  w_stride0: u32,
  s_offset: u32,
  s_stride0: u32,
  terms: u32,
  term_size0: u32,
  g_term0: u32,
  x_term0: u32,
  w_term0: u32,
  eps: f32,
}
@group(0) @binding(0) var<storage, read> gy: array<Element>;
@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> statistics: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;
var<private> g_row: u32;
var<private> w_row: u32;
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
fn w_term(k: u32) -> u32 {
  var rest = k;
  var at = 0u;
  return at + rest * p.w_term0;
}

fn sum_of_two(a: f32, b: f32) -> f32 { return a + b; }
fn sum(row: u32, terms: u32, lane: u32, shift: f32) -> f32 {
  var total = 0.0;
  for (var first = lane; first < terms; first += 64u) {
    var block = 0.0;
    for (var k = first; k < min(terms, first + 64u); k += 1u) {
      block = sum_of_two(block, f32(x[row + x_term(k)]));
    }
    total = sum_of_two(total, block);
  }
  return total;
}
fn squared(v: f32) -> f32 { return v * v; }

fn deviation_of_two(a: f32, b: f32) -> f32 { return a + b; }
fn deviation(row: u32, terms: u32, lane: u32, shift: f32) -> f32 {
  var total = 0.0;
  for (var first = lane; first < terms; first += 64u) {
    var block = 0.0;
    for (var k = first; k < min(terms, first + 64u); k += 1u) {
      block = deviation_of_two(block, squared(f32(x[row + x_term(k)]) - shift));
    }
    total = deviation_of_two(total, block);
  }
  return total;
}
// shift: mean and scale.
fn weighted(g: f32, v: f32, shift: vec2f) -> vec2f { return vec2f(g, g * (v - shift.x) * shift.y); }

fn pair_of_two(a: vec2f, b: vec2f) -> vec2f { return a + b; }
fn pair(row: u32, terms: u32, lane: u32, shift: vec2f) -> vec2f {
  var total = vec2f();
  for (var first = lane; first < terms; first += 64u) {
    var block = vec2f();
    for (var k = first; k < min(terms, first + 64u); k += 1u) {
      block = pair_of_two(block, weighted(f32(gy[g_row + g_term(k)]) * weight[w_row + w_term(k)], f32(x[row + x_term(k)]), shift));
    }
    total = pair_of_two(total, block);
  }
  return total;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32, @builtin(num_workgroups) groups: vec3u) {
  let lane = 0u;
  let i = (group.y * groups.x + group.x) * 64u + local;
  if (i >= p.count) { return; }
  let i0 = i;
  let g_at = p.g_offset + i0 * p.g_stride0;
  let x_at = p.x_offset + i0 * p.x_stride0;
  let w_at = p.w_offset + i0 * p.w_stride0;
  let s_at = p.s_offset + i0 * p.s_stride0;
  g_row = g_at;
  w_row = w_at;
  let terms = f32(p.terms);
  let mean = sum(x_at, p.terms, lane, 0.0) / terms;
  let scale = 1.0 / sqrt(deviation(x_at, p.terms, lane, mean) / terms + p.eps);
  let means = pair(x_at, p.terms, lane, vec2f(mean, scale)) / terms;
  if (lane == 0u) {
    statistics[s_at] = mean;
    statistics[s_at + 1u] = scale;
    statistics[s_at + 2u] = means.x;
    statistics[s_at + 3u] = means.y;
  }
}
