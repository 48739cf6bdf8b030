// normGradient/strided: one element.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  count: u32,
  g_offset: u32,
  g_stride0: u32,
  x_offset: u32,
  x_stride0: u32,
  s_offset: u32,
  s_stride0: u32,
  w_offset: u32,
  w_stride0: u32,
  y_offset: u32,
  y_stride0: u32,
}
@group(0) @binding(0) var<storage, read> gy: array<Element>;
@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read> statistics: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read_write> gx: array<Element>;
@group(0) @binding(5) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= p.count) { return; }
  let i0 = i;
  let g_at = p.g_offset + i0 * p.g_stride0;
  let x_at = p.x_offset + i0 * p.x_stride0;
  let s_at = p.s_offset + i0 * p.s_stride0;
  let w_at = p.w_offset + i0 * p.w_stride0;
  let y_at = p.y_offset + i0 * p.y_stride0;
  let scale = statistics[s_at + 1u];
  let normalized = (f32(x[x_at]) - statistics[s_at]) * scale;
  let g = f32(gy[g_at]) * f32(weight[w_at]);
  gx[y_at] = stored(scale * (g - statistics[s_at + 2u] - normalized * statistics[s_at + 3u]));
}
