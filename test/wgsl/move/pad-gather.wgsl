// pad/gather: constant: nothing.
struct Params {
  count: u32,
  size1: u32,
  y_offset: u32,
  y_stride0: u32,
  y_stride1: u32,
  begin0: i32,
  x_size0: i32,
  x_stride0: u32,
  begin1: i32,
  x_size1: i32,
  x_stride1: u32,
  x_offset: u32,
  value: u32,
}
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<u32>;
@group(0) @binding(2) var<uniform> p: Params;



fn source(i: i32, size: i32) -> i32 {
  
  return i;
  
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= p.count) { return; }
  let i1 = i % p.size1;
  let rest1 = i / p.size1;
  let i0 = rest1;
  let y_at = p.y_offset + i0 * p.y_stride0 + i1 * p.y_stride1;
  var inside = true;
  var x_at = p.x_offset;
  let s0 = source(i32(i0) - p.begin0, p.x_size0);
  inside = inside && s0 >= 0 && s0 < p.x_size0;
  x_at += u32(s0) * p.x_stride0;
  let s1 = source(i32(i1) - p.begin1, p.x_size1);
  inside = inside && s1 >= 0 && s1 < p.x_size1;
  x_at += u32(s1) * p.x_stride1;
  var value = p.value;
  if (inside) { value = x[x_at]; }
  y[y_at] = value;
}
