// normMoments/workgroup: one part.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  count: u32,
  size1: u32,
  size2: u32,
  x_offset: u32,
  x_stride0: u32,
  x_stride1: u32,
  x_stride2: u32,
  m_offset: u32,
  m_stride0: u32,
  m_stride1: u32,
  m_stride2: u32,
  row_terms: u32,
  part_terms: u32,
}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read_write> moments: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;
fn terms_of(part: u32) -> u32 {
  return min(p.part_terms, p.row_terms - part * p.part_terms);
}
var<workgroup> fold_sum: array<f32, 128>;
fn sum_of_two(a: f32, b: f32) -> f32 { return a + b; }
fn sum(row: u32, terms: u32, lane: u32, shift: f32) -> f32 {
  var total = 0.0;
  for (var first = lane; first < terms; first += 8192u) {
    var block = 0.0;
    for (var k = first; k < min(terms, first + 8192u); k += 128u) {
      block = sum_of_two(block, f32(x[row + k]));
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
      block = deviation_of_two(block, squared(f32(x[row + k]) - shift));
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
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32, @builtin(num_workgroups) groups: vec3u) {
  let i = group.y * groups.x + group.x;
  if (i >= p.count) { return; }
  let i2 = i % p.size2;
  let rest2 = i / p.size2;
  let i1 = rest2 % p.size1;
  let rest1 = rest2 / p.size1;
  let i0 = rest1;
  let x_at = p.x_offset + i0 * p.x_stride0 + i1 * p.x_stride1 + i2 * p.x_stride2;
  let m_at = p.m_offset + i0 * p.m_stride0 + i1 * p.m_stride1 + i2 * p.m_stride2;
  let terms = terms_of(i2);
  let mean = sum(x_at, terms, lane, 0.0) / f32(terms);
  let squares = deviation(x_at, terms, lane, mean);
  if (lane == 0u) {
    moments[m_at] = mean;
    moments[m_at + 1u] = squares;
  }
}
