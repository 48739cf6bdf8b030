// softmaxGradient/columns: log, classes of an image, several workgroups.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  count: u32,
  size1: u32,
  g_offset: u32,
  g_stride0: u32,
  g_stride1: u32,
  y_offset: u32,
  y_stride0: u32,
  y_stride1: u32,
  x_offset: u32,
  x_stride0: u32,
  x_stride1: u32,
  axis_size: u32,
  g_axis_stride: u32,
  y_axis_stride: u32,
  x_axis_stride: u32,
}
@group(0) @binding(0) var<storage, read> gy: array<Element>;
@group(0) @binding(1) var<storage, read> y: array<Element>;
@group(0) @binding(2) var<storage, read_write> gx: array<Element>;
@group(0) @binding(3) var<uniform> p: Params;

fn safe_exp(v: f32) -> f32 {
  return select(exp(v), v, ((bitcast<u32>(v) & u32(0x7fffffffu)) > u32(0x7f800000u)));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= p.count) { return; }
  let i1 = i % p.size1;
  let rest1 = i / p.size1;
  let i0 = rest1;
  let g_at = p.g_offset + i0 * p.g_stride0 + i1 * p.g_stride1;
  let y_at = p.y_offset + i0 * p.y_stride0 + i1 * p.y_stride1;
  let x_at = p.x_offset + i0 * p.x_stride0 + i1 * p.x_stride1;
  var sum = 0.0;
  for (var first = 0u; first < p.axis_size; first += 64u) {
    var block = 0.0;
    for (var k = first; k < min(p.axis_size, first + 64u); k++) {
      let g = f32(gy[g_at + k * p.g_axis_stride]);
      block += g;
    }
    sum += block;
  }
  for (var k = 0u; k < p.axis_size; k++) {
    let g = f32(gy[g_at + k * p.g_axis_stride]);
    let v = f32(y[y_at + k * p.y_axis_stride]);
    gx[x_at + k * p.x_axis_stride] = stored(g - safe_exp(v) * sum);
  }
}
