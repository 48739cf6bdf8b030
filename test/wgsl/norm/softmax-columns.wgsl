// softmax/columns: one class.
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
  axis_size: u32,
  x_axis_stride: u32,
  y_axis_stride: u32,
}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read_write> y: array<Element>;
@group(0) @binding(2) var<uniform> p: Params;

fn safe_exp(v: f32) -> f32 {
  return select(exp(v), v, ((bitcast<u32>(v) & u32(0x7fffffffu)) > u32(0x7f800000u)));
}
fn safe_log(v: f32) -> f32 {
  let y = select(log(v), bitcast<f32>(bitcast<u32>(v) | u32(0xff800000u)), v == f32(0.0));
  return select(y, bitcast<f32>(bitcast<u32>(v) | u32(0x7fc00000u)), (v < f32(0.0)) | ((bitcast<u32>(v) & u32(0x7fffffffu)) > u32(0x7f800000u)));
}


@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= p.count) { return; }
  let i0 = i;
  let x_at = p.x_offset + i0 * p.x_stride0;
  let y_at = p.y_offset + i0 * p.y_stride0;
  var largest = f32(x[x_at]);
  for (var k = 1u; k < p.axis_size; k++) {
    let v = f32(x[x_at + k * p.x_axis_stride]);
    largest = select(largest, v, v > largest);
  }
  
  var total = 0.0;
  for (var k = 0u; k < p.axis_size; k++) {
    total += safe_exp(f32(x[x_at + k * p.x_axis_stride]) - largest);
  }
  
  
  for (var k = 0u; k < p.axis_size; k++) {
    let v = f32(x[x_at + k * p.x_axis_stride]) - largest;
    
    y[y_at + k * p.y_axis_stride] = stored(safe_exp(v) / total);
    
  }
}
