// gatherElementsGradient/lines: one element.
struct Params {
  count: u32,
  gy_offset: u32,
  gy_stride0: u32,
  gx_offset: u32,
  gx_stride0: u32,
  size: i32,
  places: u32,
  gx_step: u32,
  gy_step: u32,
}
@group(0) @binding(0) var<storage, read> gy: array<f32>;
@group(0) @binding(1) var<storage, read> index: array<i32>;
@group(0) @binding(2) var<storage, read_write> gx: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= p.count) { return; }
  let i0 = i;
  let gy_at = p.gy_offset + i0 * p.gy_stride0;
  let gx_at = p.gx_offset + i0 * p.gx_stride0;
  for (var s = 0u; s < u32(p.size); s++) { gx[gx_at + s * p.gx_step] = 0.0; }
  for (var k = 0u; k < p.places; k++) {
    let place = gy_at + k * p.gy_step;
    let given = index[place];
    let s = u32(clamp(select(given, given + p.size, given < 0), 0, p.size - 1));
    gx[gx_at + s * p.gx_step] += gy[place];
  }
}
