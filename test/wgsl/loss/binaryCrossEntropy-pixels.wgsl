// binaryCrossEntropy/pixels: one channel is class 1.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  count: u32,
  x_offset: u32,
  x_stride0: u32,
  labels_offset: u32,
  labels_stride0: u32,
  y_offset: u32,
  y_stride0: u32,
  classes: u32,
  ignore_index: u32,
  channels: u32,
  first_class: u32,
  class_stride: u32,
  gamma: f32,
  margin: f32,
  negative_weight: f32,
}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;


fn is_ignored(label: u32) -> bool { return label == p.ignore_index; }
fn is_known(label: u32) -> bool { return label < p.classes; }
fn admits(label: u32, k: u32) -> bool { return label == k; }
fn first_admitted(label: u32) -> u32 { return label; }

// What an unknown label makes of every result.
fn not_a_number(label: u32) -> f32 { return bitcast<f32>(label | 0x7fc00000u); }

fn logit(x_at: u32, k: u32) -> f32 { return f32(x[x_at + k * p.class_stride]); }

fn softplus_log(v: f32) -> f32 {
  let y = select(log(v), bitcast<f32>(bitcast<u32>(v) | u32(0xff800000u)), v == f32(0.0));
  return select(y, bitcast<f32>(bitcast<u32>(v) | u32(0x7fc00000u)), (v < f32(0.0)) | ((bitcast<u32>(v) & u32(0x7fffffffu)) > u32(0x7f800000u)));
}
fn softplus_exp(v: f32) -> f32 {
  return select(exp(v), v, ((bitcast<u32>(v) & u32(0x7fffffffu)) > u32(0x7f800000u)));
}
fn softplus(v: f32) -> f32 {
  return select(v, f32(0.0), v < f32(0.0)) + softplus_log(1.0 + softplus_exp(-abs(v)));
}
fn sigmoid(v: f32) -> f32 {
  let e = exp(-abs(v)); // never overflows
  return select(select(f32(1.0), e, v < f32(0.0)) / (1.0 + e), v, ((bitcast<u32>(v) & u32(0x7fffffffu)) > u32(0x7f800000u)));
}

fn channel_weight(at: u32, is_own: bool) -> f32 {
  return select(p.negative_weight, 1.0, is_own);
}

fn factor(z: f32) -> f32 {
  
  return 1.0;
  
}


@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= p.count) { return; }
  let i0 = i;
  let x_at = p.x_offset + i0 * p.x_stride0;
  let labels_at = p.labels_offset + i0 * p.labels_stride0;
  let y_at = p.y_offset + i0 * p.y_stride0;
  let label = labels[labels_at];
  
  if (is_ignored(label)) { y[y_at] = 0.0; return; }
  if (!is_known(label)) { y[y_at] = not_a_number(label); return; }
  var sum = 0.0;
  for (var k = 0u; k < p.channels; k++) {
    let v = logit(x_at, k);
    let is_own = label == p.first_class + k;
    let weight = channel_weight(0u + k, is_own);
    let z = select(v, -v, is_own);
    sum += weight * factor(z) * softplus(z);
  }
  y[y_at] = sum;
}
