// logSumExp/rows: everything.
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
  terms: u32,
  term_size0: u32,
  x_term0: u32,
}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

fn x_term(k: u32) -> u32 {
  var rest = k;
  var at = 0u;
  return at + rest * p.x_term0;
}
fn safe_exp(v: f32) -> f32 {
  return select(exp(v), v, ((bitcast<u32>(v) & u32(0x7fffffffu)) > u32(0x7f800000u)));
}
fn safe_log(v: f32) -> f32 {
  let y = select(log(v), bitcast<f32>(bitcast<u32>(v) | u32(0xff800000u)), v == f32(0.0));
  return select(y, bitcast<f32>(bitcast<u32>(v) | u32(0x7fc00000u)), (v < f32(0.0)) | ((bitcast<u32>(v) & u32(0x7fffffffu)) > u32(0x7f800000u)));
}
var<workgroup> fold_extreme: array<f32, 128>;
fn extreme_of_two(a: f32, b: f32) -> f32 { return select(a, b, (b > a) || ((bitcast<u32>(b) & u32(0x7fffffffu)) > u32(0x7f800000u))); }
fn extreme(row: u32, terms: u32, lane: u32, shift: f32) -> f32 {
  var total = f32(x[row]);
  for (var first = lane; first < terms; first += 8192u) {
    var block = f32(x[row]);
    for (var k = first; k < min(terms, first + 8192u); k += 128u) {
      block = extreme_of_two(block, f32(x[row + x_term(k)]));
    }
    total = extreme_of_two(total, block);
  }
  fold_extreme[lane] = total;
  workgroupBarrier();
  for (var half = 64u; half > 0u; half /= 2u) {
    if (lane < half) { fold_extreme[lane] = extreme_of_two(fold_extreme[lane], fold_extreme[lane + half]); }
    workgroupBarrier();
  }
  return fold_extreme[0];
}
var<workgroup> fold_sum: array<f32, 128>;
fn sum_of_two(a: f32, b: f32) -> f32 { return a + b; }
fn sum(row: u32, terms: u32, lane: u32, shift: f32) -> f32 {
  var total = f32();
  for (var first = lane; first < terms; first += 8192u) {
    var block = f32();
    for (var k = first; k < min(terms, first + 8192u); k += 128u) {
      block = sum_of_two(block, safe_exp(f32(x[row + x_term(k)]) - shift));
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
fn log_sum_exp(row: u32, lane: u32) -> f32 {
  let found = extreme(row, p.terms, lane, 0.0);
  let shift = select(found, 0.0, (bitcast<u32>(found) & 0x7fffffffu) == 0x7f800000u); // infinity - infinity is NaN
  return shift + safe_log(sum(row, p.terms, lane, shift));
}

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32, @builtin(num_workgroups) groups: vec3u) {
  let lane = local;
  let i = group.y * groups.x + group.x;
  if (i >= p.count) { return; }
  let i0 = i;
  let x_at = p.x_offset + i0 * p.x_stride0;
  let y_at = p.y_offset + i0 * p.y_stride0;
  let result = log_sum_exp(x_at, lane);
  if (lane == 0u) { y[y_at] = (result); }
}
