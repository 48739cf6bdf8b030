// A copy, as `atrous bench` measures it.

struct Params {
  invocations: u32,
}
@group(0) @binding(0) var<storage, read> x: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<u32>>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  let v0 = x[i + 0u * p.invocations];
  let v1 = x[i + 1u * p.invocations];
  y[i + 0u * p.invocations] = v0;
  y[i + 1u * p.invocations] = v1;
}
