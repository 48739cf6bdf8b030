// classOverlap/columns: one pixel.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  count: u32,
  size1: u32,
  q_offset: u32,
  q_stride0: u32,
  q_stride1: u32,
  labels_offset: u32,
  labels_stride0: u32,
  labels_stride1: u32,
  intersection_offset: u32,
  intersection_stride0: u32,
  intersection_stride1: u32,
  predicted_offset: u32,
  predicted_stride0: u32,
  predicted_stride1: u32,
  labelled_offset: u32,
  labelled_stride0: u32,
  labelled_stride1: u32,
  classes: u32,
  ignore_index: u32,
  pixels: u32,
  first_class: u32,
}
@group(0) @binding(0) var<storage, read> q: array<Element>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read_write> intersection: array<f32>;
@group(0) @binding(3) var<storage, read_write> predicted: array<f32>;
@group(0) @binding(4) var<storage, read_write> labelled: array<f32>;
@group(0) @binding(5) var<uniform> p: Params;


fn is_ignored(label: u32) -> bool { return label == p.ignore_index; }
fn is_known(label: u32) -> bool { return label < p.classes; }
fn admits(label: u32, k: u32) -> bool { return label == k; }
fn first_admitted(label: u32) -> u32 { return label; }

// What an unknown label makes of every result.
fn not_a_number(label: u32) -> f32 { return bitcast<f32>(label | 0x7fc00000u); }


var<private> first_label: u32;
var<private> own_class: u32;

fn terms_of(row: u32, k: u32) -> vec3f {
  let label = labels[first_label + k];
  if (is_ignored(label)) { return vec3f(); }
  if (!is_known(label)) { return vec3f(not_a_number(label)); }
  let v = f32(q[row + k]);
  let size = v;
  return select(vec3f(0.0, size, 0.0), vec3f(v, size, 1.0), label == own_class);
}

fn sums_of_two(a: vec3f, b: vec3f) -> vec3f { return a + b; }
fn sums(row: u32, terms: u32, lane: u32, shift: vec3f) -> vec3f {
  var total = vec3f();
  for (var first = lane; first < terms; first += 64u) {
    var block = vec3f();
    for (var k = first; k < min(terms, first + 64u); k += 1u) {
      block = sums_of_two(block, terms_of(row, k));
    }
    total = sums_of_two(total, block);
  }
  return total;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32, @builtin(num_workgroups) groups: vec3u) {
  let lane = 0u;
  let i = (group.y * groups.x + group.x) * 64u + local;
  if (i >= p.count) { return; }
  let i1 = i % p.size1;
  let rest1 = i / p.size1;
  let i0 = rest1;
  let q_at = p.q_offset + i0 * p.q_stride0 + i1 * p.q_stride1;
  let labels_at = p.labels_offset + i0 * p.labels_stride0 + i1 * p.labels_stride1;
  let intersection_at = p.intersection_offset + i0 * p.intersection_stride0 + i1 * p.intersection_stride1;
  let predicted_at = p.predicted_offset + i0 * p.predicted_stride0 + i1 * p.predicted_stride1;
  let labelled_at = p.labelled_offset + i0 * p.labelled_stride0 + i1 * p.labelled_stride1;
  first_label = labels_at;
  own_class = p.first_class + i1;
  let total = sums(q_at, p.pixels, lane, vec3f());
  if (lane == 0u) {
    intersection[intersection_at] = total.x;
    predicted[predicted_at] = total.y;
    labelled[labelled_at] = total.z;
  }
}
