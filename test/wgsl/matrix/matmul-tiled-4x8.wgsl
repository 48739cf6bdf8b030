// matmul/tiled-4x8: one element.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  count: u32,
  size1: u32,
  a_offset: u32,
  a_stride0: u32,
  a_stride1: u32,
  b_offset: u32,
  b_stride0: u32,
  b_stride1: u32,
  y_offset: u32,
  y_stride0: u32,
  y_stride1: u32,
  terms: u32,
  a_step: u32,
  b_step: u32,
  alpha: f32,
  beta: f32,
  a_row: u32,
  b_column: u32,
  c_row: u32,
  c_column: u32,
  y_row: u32,
  rows: u32,
  columns: u32,
}
@group(0) @binding(0) var<storage, read> a: array<Element>;
@group(0) @binding(1) var<storage, read> b: array<Element>;
@group(0) @binding(2) var<storage, read_write> y: array<Element>;
@group(0) @binding(3) var<uniform> p: Params;

fn store(place: u32, c_place: u32, columns: u32, first: u32, sum: vec4f) {
  var v = p.alpha * sum;
  for (var e = 0u; e < 4u && first + e < columns; e++) {
    
    y[place + first + e] = stored(v[e]);
  }
  
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= p.count) { return; }
  let i1 = i % p.size1;
  let rest1 = i / p.size1;
  let i0 = rest1;
  let a_at = p.a_offset + i0 * p.a_stride0 + i1 * p.a_stride1;
  let b_at = p.b_offset + i0 * p.b_stride0 + i1 * p.b_stride1;
  let y_at = p.y_offset + i0 * p.y_stride0 + i1 * p.y_stride1;
  let rows = p.rows - i0 * 4u;
  let columns = p.columns - i1 * 8u;
  let row0 = a_at + min(0u, rows - 1u) * p.a_row;
  let row1 = a_at + min(1u, rows - 1u) * p.a_row;
  let row2 = a_at + min(2u, rows - 1u) * p.a_row;
  let row3 = a_at + min(3u, rows - 1u) * p.a_row;
  let column0 = min(0u, columns - 1u) * p.b_column;
  let column1 = min(1u, columns - 1u) * p.b_column;
  let column2 = min(2u, columns - 1u) * p.b_column;
  let column3 = min(3u, columns - 1u) * p.b_column;
  let column4 = min(4u, columns - 1u) * p.b_column;
  let column5 = min(5u, columns - 1u) * p.b_column;
  let column6 = min(6u, columns - 1u) * p.b_column;
  let column7 = min(7u, columns - 1u) * p.b_column;
  var s0_0 = vec4f(); var s0_1 = vec4f(); var s1_0 = vec4f(); var s1_1 = vec4f(); var s2_0 = vec4f(); var s2_1 = vec4f(); var s3_0 = vec4f(); var s3_1 = vec4f();
  for (var k = 0u; k < p.terms; k++) {
    let at = b_at + k * p.b_step;
    let b0 = vec4f(f32(b[at + column0]),f32(b[at + column1]),f32(b[at + column2]),f32(b[at + column3]));
    let b1 = vec4f(f32(b[at + column4]),f32(b[at + column5]),f32(b[at + column6]),f32(b[at + column7]));
    let a0 = f32(a[row0 + k * p.a_step]); s0_0 += a0 * b0; s0_1 += a0 * b1;
    let a1 = f32(a[row1 + k * p.a_step]); s1_0 += a1 * b0; s1_1 += a1 * b1;
    let a2 = f32(a[row2 + k * p.a_step]); s2_0 += a2 * b0; s2_1 += a2 * b1;
    let a3 = f32(a[row3 + k * p.a_step]); s3_0 += a3 * b0; s3_1 += a3 * b1;
  }
  if (0u < rows) { store(y_at + 0u * p.y_row, 0u, columns, 0u, s0_0); store(y_at + 0u * p.y_row, 0u, columns, 4u, s0_1); }
  if (1u < rows) { store(y_at + 1u * p.y_row, 0u, columns, 0u, s1_0); store(y_at + 1u * p.y_row, 0u, columns, 4u, s1_1); }
  if (2u < rows) { store(y_at + 2u * p.y_row, 0u, columns, 0u, s2_0); store(y_at + 2u * p.y_row, 0u, columns, 4u, s2_1); }
  if (3u < rows) { store(y_at + 3u * p.y_row, 0u, columns, 0u, s3_0); store(y_at + 3u * p.y_row, 0u, columns, 4u, s3_1); }
}
