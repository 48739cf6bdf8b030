// dropout/strided: one element.
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
  span: u32,
  layer: u32,
  threshold: u32,
  scale: f32,
}
@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read> draw: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<Element>;
@group(0) @binding(3) var<uniform> p: Params;
fn threefry(key: vec2u, first: u32, second: u32) -> u32 {
  let keys = array(key.x, key.y, key.x ^ key.y ^ 0x1bd11bdau);
  var x = first + key.x;
  var y = u32(second + key.y);
  x += y; y = ((y << u32(13u)) | (y >> u32(19u))) ^ x;
  x += y; y = ((y << u32(15u)) | (y >> u32(17u))) ^ x;
  x += y; y = ((y << u32(26u)) | (y >> u32(6u))) ^ x;
  x += y; y = ((y << u32(6u)) | (y >> u32(26u))) ^ x;
  x += keys[1]; y += keys[2] + 1u;
  x += y; y = ((y << u32(17u)) | (y >> u32(15u))) ^ x;
  x += y; y = ((y << u32(29u)) | (y >> u32(3u))) ^ x;
  x += y; y = ((y << u32(16u)) | (y >> u32(16u))) ^ x;
  x += y; y = ((y << u32(24u)) | (y >> u32(8u))) ^ x;
  x += keys[2]; y += keys[0] + 2u;
  x += y; y = ((y << u32(13u)) | (y >> u32(19u))) ^ x;
  x += y; y = ((y << u32(15u)) | (y >> u32(17u))) ^ x;
  x += y; y = ((y << u32(26u)) | (y >> u32(6u))) ^ x;
  x += y; y = ((y << u32(6u)) | (y >> u32(26u))) ^ x;
  x += keys[0]; y += keys[1] + 3u;
  x += y; y = ((y << u32(17u)) | (y >> u32(15u))) ^ x;
  x += y; y = ((y << u32(29u)) | (y >> u32(3u))) ^ x;
  x += y; y = ((y << u32(16u)) | (y >> u32(16u))) ^ x;
  x += y; y = ((y << u32(24u)) | (y >> u32(8u))) ^ x;
  x += keys[1]; y += keys[2] + 4u;
  x += y; y = ((y << u32(13u)) | (y >> u32(19u))) ^ x;
  x += y; y = ((y << u32(15u)) | (y >> u32(17u))) ^ x;
  x += y; y = ((y << u32(26u)) | (y >> u32(6u))) ^ x;
  x += y; y = ((y << u32(6u)) | (y >> u32(26u))) ^ x;
  x += keys[2]; y += keys[0] + 5u;
  return x;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  if (i >= p.count) { return; }
  let i0 = i;
  let x_at = p.x_offset + i0 * p.x_stride0;
  let y_at = p.y_offset + i0 * p.y_stride0;
  let word = threefry(vec2u(draw[0], draw[1]), i / p.span, p.layer);
  let kept = word >= u32(p.threshold);
  y[y_at] = stored(select(f32(), f32(x[x_at]) * p.scale, kept));
}
