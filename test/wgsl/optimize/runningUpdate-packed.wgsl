// runningUpdate/packed: one block.
struct Params { count: u32 }
@group(0) @binding(0) var<storage, read> s: array<vec4f>;
@group(0) @binding(1) var<storage, read> blocks: array<u32>;
@group(0) @binding(2) var<storage, read> factors: array<f32>;
@group(0) @binding(3) var<storage, read_write> r: array<vec4f>;
@group(0) @binding(4) var<uniform> p: Params;


@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group_id: vec3u, @builtin(local_invocation_index) local: u32, @builtin(num_workgroups) groups: vec3u) {
  let i = (group_id.y * groups.x + group_id.x) * 64u + local;
  if (i >= p.count) { return; }
  let word = blocks[i / 32u];
  let inside = vec4u(4u * (i % 32u)) + vec4u(0u, 1u, 2u, 3u) < vec4u(word & 0xffffu);
  let group = word >> 16u;
  r[i] = select(r[i], r[i] + 0.10000000149011612 * (factors[group] * s[i] - r[i]), inside);
}
