// adamUpdate/packed: one block, the first step.
struct Params { count: u32 }
@group(0) @binding(0) var<storage, read> g: array<vec4f>;
@group(0) @binding(1) var<storage, read> blocks: array<u32>;
@group(0) @binding(2) var<storage, read> settings: array<vec2f>;
@group(0) @binding(3) var<storage, read> scale: array<f32>;
@group(0) @binding(4) var<storage, read_write> w: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> m: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(7) var<uniform> p: Params;
fn is_finite(v: f32) -> bool { return (bitcast<u32>(v) & 0x7f800000u) != 0x7f800000u; }
fn complement(x: f32) -> f32 {
  var series = 1.0;
  for (var n = 11.0; n > 1.5; n -= 1.0) { series = 1.0 - x / n * series; }
  return select(1.0 - exp(-x), x * series, x < 1.0);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) local: u32, @builtin(num_workgroups) groups: vec3u) {
  let i = (group_id.y * groups.x + group_id.x) * 64u + local;
  if (i >= p.count) { return; }
  let word = blocks[i / 32u];
  let inside = vec4u(4u * (i % 32u)) + vec4u(0u, 1u, 2u, 3u) < vec4u(word & 0xffffu);
  let group = word >> 16u;
  if (!is_finite(scale[0])) { return; }
  let rate = settings[group].x;
  let decay = settings[group].y;
  let scaled = scale[0] * (scale[3] * g[i]);
  let before = w[i];
  let gradient = scaled + decay * w[i];
  let first = m[i] + 0.10000000149011612 * (gradient - m[i]);
  let second = 0.9990000128746033 * v[i] + 0.0010000000474974513 * gradient * gradient;
  let divisor = sqrt(second) / sqrt(complement(scale[2] * 0.0010005002841353416)) + 9.99999993922529e-9;
  m[i] = select(m[i], first, inside);
  v[i] = select(v[i], second, inside);
  w[i] = select(w[i], before - rate / complement(scale[2] * 0.10536051541566849) * first / divisor, inside);
}
