// crossEntropy/pixels: one class.
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
  class_stride: u32,
  gamma: f32,
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


fn weight_of(label: u32, at: u32) -> f32 {
  
  return 1.0;
  
}

fn safe_exp(v: f32) -> f32 {
  return select(exp(v), v, ((bitcast<u32>(v) & u32(0x7fffffffu)) > u32(0x7f800000u)));
}
fn safe_log(v: f32) -> f32 {
  let y = select(log(v), bitcast<f32>(bitcast<u32>(v) | u32(0xff800000u)), v == f32(0.0));
  return select(y, bitcast<f32>(bitcast<u32>(v) | u32(0x7fc00000u)), (v < f32(0.0)) | ((bitcast<u32>(v) & u32(0x7fffffffu)) > u32(0x7f800000u)));
}

// Of all classes and of the admitted ones: the largest logit, and the sum of exp(logit - that); rest is the part of sum
// that is not admitted: 1 - P would lose its digits near P = 1.
struct Sums { largest: f32, sum: f32, admitted: f32, admitted_sum: f32, rest: f32 }

fn sums_of(x_at: u32, label: u32) -> Sums {
  var s = Sums(logit(x_at, 0u), 0.0, logit(x_at, first_admitted(label)), 1.0, 0.0);
  for (var k = 0u; k < p.classes; k++) {
    let v = logit(x_at, k);
    s.largest = select(s.largest, v, v > s.largest);
    
  }
  for (var k = 0u; k < p.classes; k++) {
    let v = logit(x_at, k);
    let e = safe_exp(v - s.largest);
    s.sum += e;
    
    
  }
  return s;
}

fn loss_of(s: Sums) -> f32 {
  return (s.largest - s.admitted) + safe_log(s.sum);
}

// rest^gamma. What pow makes of 0 differs by driver.
fn focus(rest: f32, gamma: f32) -> f32 {
  
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
  let s = sums_of(x_at, label);
  y[y_at] = weight_of(label, 0u) * focus(s.rest / s.sum, p.gamma) * loss_of(s);
}
