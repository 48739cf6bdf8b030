// tril/strided: one element.
struct Params {
  count: u32,
  size1: u32,
  x_offset: u32,
  x_stride0: u32,
  x_stride1: u32,
  y_offset: u32,
  y_stride0: u32,
  y_stride1: u32,
  diagonal: i32,
}
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= p.count) { return; }
  let i1 = i % p.size1;
  let rest1 = i / p.size1;
  let i0 = rest1;
  let x_at = p.x_offset + i0 * p.x_stride0 + i1 * p.x_stride1;
  let y_at = p.y_offset + i0 * p.y_stride0 + i1 * p.y_stride1;
  var value = u32();
  if (i32(i1) - i32(i0) <= p.diagonal) { value = x[x_at]; }
  y[y_at] = value;
}
