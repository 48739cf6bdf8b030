// classCounts/columns: one pixel.
struct Params {
  count: u32,
  size1: u32,
  labels_offset: u32,
  labels_stride0: u32,
  labels_stride1: u32,
  y_offset: u32,
  y_stride0: u32,
  y_stride1: u32,
  pixels: u32,
}
@group(0) @binding(0) var<storage, read> labels: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

fn count_of_two(a: u32, b: u32) -> u32 { return a + b; }
fn count(row: u32, terms: u32, lane: u32, shift: u32) -> u32 {
  var total = 0u;
  for (var first = lane; first < terms; first += 64u) {
    var block = 0u;
    for (var k = first; k < min(terms, first + 64u); k += 1u) {
      block = count_of_two(block, select(0u, 1u, labels[row + k] == shift));
    }
    total = count_of_two(total, block);
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
  let labels_at = p.labels_offset + i0 * p.labels_stride0 + i1 * p.labels_stride1;
  let y_at = p.y_offset + i0 * p.y_stride0 + i1 * p.y_stride1;
  let total = count(labels_at, p.pixels, lane, i1);
  if (lane == 0u) { y[y_at] = f32(total); }
}
