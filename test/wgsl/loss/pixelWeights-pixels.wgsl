// pixelWeights/pixels: which pixels count, several workgroups.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  count: u32,
  labels_offset: u32,
  labels_stride0: u32,
  y_offset: u32,
  y_stride0: u32,
  classes: u32,
  ignore_index: u32,
}
@group(0) @binding(0) var<storage, read> labels: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;


fn is_ignored(label: u32) -> bool { return label == p.ignore_index; }
fn is_known(label: u32) -> bool { return label < p.classes; }
fn admits(label: u32, k: u32) -> bool { return label == k; }
fn first_admitted(label: u32) -> u32 { return label; }

// What an unknown label makes of every result.
fn not_a_number(label: u32) -> f32 { return bitcast<f32>(label | 0x7fc00000u); }


fn weight_of(label: u32, at: u32) -> f32 {
  
  return 1.0;
  
}


@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= p.count) { return; }
  let i0 = i;
  let labels_at = p.labels_offset + i0 * p.labels_stride0;
  let y_at = p.y_offset + i0 * p.y_stride0;
  let label = labels[labels_at];
  
  if (is_ignored(label)) { y[y_at] = 0.0; return; }
  if (!is_known(label)) { y[y_at] = not_a_number(label); return; }
  
  y[y_at] = weight_of(label, 0u);
}
