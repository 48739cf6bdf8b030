// sum/columns: scalar.
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

fn sum_of_two(a: f32, b: f32) -> f32 { return a + b; }
fn sum(row: u32, terms: u32, lane: u32, shift: f32) -> f32 {
  var total = f32();
  for (var first = lane; first < terms; first += 64u) {
    var block = f32();
    for (var k = first; k < min(terms, first + 64u); k += 1u) {
      block = sum_of_two(block, f32(x[row + x_term(k)]));
    }
    total = sum_of_two(total, block);
  }
  return total;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32, @builtin(num_workgroups) groups: vec3u) {
  let lane = 0u;
  let i = (group.y * groups.x + group.x) * 64u + local;
  if (i >= p.count) { return; }
  let i0 = i;
  let x_at = p.x_offset + i0 * p.x_stride0;
  let y_at = p.y_offset + i0 * p.y_stride0;
  let result = sum(x_at, p.terms, lane, f32());
  if (lane == 0u) { y[y_at] = (result); }
}
