// normApply/workgroup: one part.
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
  y_offset: u32,
  y_stride0: u32,
  y_stride1: u32,
  y_stride2: u32,
  m_offset: u32,
  m_stride0: u32,
  m_stride1: u32,
  m_stride2: u32,
  w_offset: u32,
  w_stride0: u32,
  w_stride1: u32,
  w_stride2: u32,
  row_terms: u32,
  part_terms: u32,
  parts: u32,
  plane: u32,
  eps: f32,
}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> moments: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<Element>;
@group(0) @binding(5) var<uniform> p: Params;
fn terms_of(part: u32) -> u32 {
  return min(p.part_terms, p.row_terms - part * p.part_terms);
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
  let y_at = p.y_offset + i0 * p.y_stride0 + i1 * p.y_stride1 + i2 * p.y_stride2;
  let m_at = p.m_offset + i0 * p.m_stride0 + i1 * p.m_stride1 + i2 * p.m_stride2;
  let w_at = p.w_offset + i0 * p.w_stride0 + i1 * p.w_stride1 + i2 * p.w_stride2;
  let row_terms = f32(p.row_terms);
  var mean = 0.0;
  for (var part = 0u; part < p.parts; part++) {
    mean += moments[m_at + 2u * part] * (f32(terms_of(part)) / row_terms);
  }
  var squares = 0.0;
  for (var part = 0u; part < p.parts; part++) {
    let apart = moments[m_at + 2u * part] - mean;
    squares += moments[m_at + 2u * part + 1u] + f32(terms_of(part)) * apart * apart;
  }
  let scale = 1.0 / sqrt(squares / row_terms + p.eps);
  for (var k = lane; k < terms_of(i2); k += 128u) {
    var v = (f32(x[x_at + k]) - mean) * scale;
    let channel = w_at + (i2 * p.part_terms + k) / p.plane;
    v *= weight[channel];
    v += bias[channel];
    y[y_at + k] = stored(v);
  }
}
