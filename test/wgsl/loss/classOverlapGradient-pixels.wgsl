// classOverlapGradient/pixels: one pixel.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  count: u32,
  gi_offset: u32,
  gi_stride0: u32,
  gp_offset: u32,
  gp_stride0: u32,
  q_offset: u32,
  q_stride0: u32,
  labels_offset: u32,
  labels_stride0: u32,
  gq_offset: u32,
  gq_stride0: u32,
  classes: u32,
  ignore_index: u32,
  channels: u32,
  first_class: u32,
  class_stride: u32,
}
@group(0) @binding(0) var<storage, read> gi: array<f32>;
@group(0) @binding(1) var<storage, read> gp: array<f32>;
@group(0) @binding(2) var<storage, read> labels: array<u32>;
@group(0) @binding(3) var<storage, read_write> gq: array<Element>;
@group(0) @binding(4) var<uniform> p: Params;


fn is_ignored(label: u32) -> bool { return label == p.ignore_index; }
fn is_known(label: u32) -> bool { return label < p.classes; }
fn admits(label: u32, k: u32) -> bool { return label == k; }
fn first_admitted(label: u32) -> u32 { return label; }

// What an unknown label makes of every result.
fn not_a_number(label: u32) -> f32 { return bitcast<f32>(label | 0x7fc00000u); }



@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= p.count) { return; }
  let i0 = i;
  let gi_at = p.gi_offset + i0 * p.gi_stride0;
  let gp_at = p.gp_offset + i0 * p.gp_stride0;
  let q_at = p.q_offset + i0 * p.q_stride0;
  let labels_at = p.labels_offset + i0 * p.labels_stride0;
  let gq_at = p.gq_offset + i0 * p.gq_stride0;
  let label = labels[labels_at];
  
  for (var c = 0u; c < p.channels; c++) {
    let at = c * p.class_stride;
    let size = 1.0;
    let known = select(0.0, gi[gi_at + c], label == p.first_class + c) + gp[gp_at + c] * size;
    let result = select(not_a_number(label), known, is_known(label));
    gq[gq_at + at] = stored(select(result, 0.0, is_ignored(label)));
  }
}
