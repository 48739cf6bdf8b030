// padGradient/gather: reflect: nothing.
alias Element = f32;
alias Element4 = vec4f;
fn stored(v: f32) -> Element { return v; }
fn stored4(v: vec4f) -> Element4 { return v; }
struct Params {
  count: u32,
  size1: u32,
  gx_offset: u32,
  gx_stride0: u32,
  gx_stride1: u32,
  begin0: i32,
  gx_size0: i32,
  gy_size0: i32,
  gy_stride0: u32,
  begin1: i32,
  gx_size1: i32,
  gy_size1: i32,
  gy_stride1: u32,
  gy_offset: u32,
}
@group(0) @binding(0) var<storage, read> gy: array<Element>;
@group(0) @binding(1) var<storage, read_write> gx: array<Element>;
@group(0) @binding(2) var<uniform> p: Params;


fn copies(i: i32, begin: i32, size: i32, out_size: i32) -> i32 {
  return 3;
}
// The edge is no image of itself.
fn copy(k: i32, i: i32, begin: i32, size: i32, out_size: i32) -> i32 {
  if (k == 0) { return begin + i; }
  if (k == 1) { return select(-1, begin - i, i > 0); }
  return select(-1, begin + 2 * (size - 1) - i, i < size - 1);
}


@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= p.count) { return; }
  let i1 = i % p.size1;
  let rest1 = i / p.size1;
  let i0 = rest1;
  let gx_at = p.gx_offset + i0 * p.gx_stride0 + i1 * p.gx_stride1;
  let start = p.gy_offset + i0 * p.gy_stride0 + i1 * p.gy_stride1;
  var sum = 0.0;
  
  sum += f32(gy[start]);
  
  gx[gx_at] = stored(sum);
}
