// gather/strided: one element.
struct Params {
  count: u32,
  x_offset: u32,
  x_stride0: u32,
  index_offset: u32,
  index_stride0: u32,
  y_offset: u32,
  y_stride0: u32,
  axis_size: i32,
  axis_stride: u32,
}
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> index: array<i32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= p.count) { return; }
  let i0 = i;
  let x_at = p.x_offset + i0 * p.x_stride0;
  let index_at = p.index_offset + i0 * p.index_stride0;
  let y_at = p.y_offset + i0 * p.y_stride0;
  let given = index[index_at];
  let place = clamp(select(given, given + p.axis_size, given < 0), 0, p.axis_size - 1);
  y[y_at] = x[x_at + u32(place) * p.axis_stride];
}
