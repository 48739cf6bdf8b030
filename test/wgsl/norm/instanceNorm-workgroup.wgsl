// instanceNorm/workgroup: one element per channel.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  count: u32,
  x_offset: u32,
  x_stride0: u32,
  w_offset: u32,
  w_stride0: u32,
  y_offset: u32,
  y_stride0: u32,
  terms: u32,
  term_size0: u32,
  x_term0: u32,
  w_term0: u32,
  y_term0: u32,
  eps: f32,
}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<Element>;
@group(0) @binding(4) var<uniform> p: Params;
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
fn y_term(k: u32) -> u32 {
  var rest = k;
  var at = 0u;
  return at + rest * p.y_term0;
}
var<workgroup> fold_sum: array<f32, 128>;
fn sum_of_two(a: f32, b: f32) -> f32 { return a + b; }
fn sum(row: u32, terms: u32, lane: u32, shift: f32) -> f32 {
  var total = 0.0;
  for (var first = lane; first < terms; first += 8192u) {
    var block = 0.0;
    for (var k = first; k < min(terms, first + 8192u); k += 128u) {
      block = sum_of_two(block, f32(x[row + x_term(k)]));
    }
    total = sum_of_two(total, block);
  }
  fold_sum[lane] = total;
  workgroupBarrier();
  for (var half = 64u; half > 0u; half /= 2u) {
    if (lane < half) { fold_sum[lane] = sum_of_two(fold_sum[lane], fold_sum[lane + half]); }
    workgroupBarrier();
  }
  return fold_sum[0];
}
fn squared(v: f32) -> f32 { return v * v; }
var<workgroup> fold_deviation: array<f32, 128>;
fn deviation_of_two(a: f32, b: f32) -> f32 { return a + b; }
fn deviation(row: u32, terms: u32, lane: u32, shift: f32) -> f32 {
  var total = 0.0;
  for (var first = lane; first < terms; first += 8192u) {
    var block = 0.0;
    for (var k = first; k < min(terms, first + 8192u); k += 128u) {
      block = deviation_of_two(block, squared(f32(x[row + x_term(k)]) - shift));
    }
    total = deviation_of_two(total, block);
  }
  fold_deviation[lane] = total;
  workgroupBarrier();
  for (var half = 64u; half > 0u; half /= 2u) {
    if (lane < half) { fold_deviation[lane] = deviation_of_two(fold_deviation[lane], fold_deviation[lane + half]); }
    workgroupBarrier();
  }
  return fold_deviation[0];
}

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32, @builtin(num_workgroups) groups: vec3u) {
  let lane = local;
  let i = group.y * groups.x + group.x;
  if (i >= p.count) { return; }
  let i0 = i;
  let x_at = p.x_offset + i0 * p.x_stride0;
  let w_at = p.w_offset + i0 * p.w_stride0;
  let y_at = p.y_offset + i0 * p.y_stride0;
  let terms = f32(p.terms);
  let mean = sum(x_at, p.terms, lane, 0.0) / terms;
  let scale = 1.0 / sqrt(deviation(x_at, p.terms, lane, mean) / terms + p.eps);
  for (var k = lane; k < p.terms; k += 128u) {
    var v = (f32(x[x_at + x_term(k)]) - mean) * scale;
    v *= weight[w_at + w_term(k)];
    v += bias[w_at + w_term(k)];
    y[y_at + y_term(k)] = stored(v);
  }
}
