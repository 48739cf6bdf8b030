// Multiply-adds, as `atrous bench` measures them.


struct Params {
  rounds: u32,
  first: f32,
  scale: f32,
  step: f32,
}
@group(0) @binding(0) var<storage, read_write> sums: array<u32>;
@group(0) @binding(1) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * 64u + id.x;
  let scale = vec4<f32>(f32(p.scale));
  let step = vec4<f32>(f32(p.step));
  var total = 0u;
  for (var round = 0u; round < p.rounds; round++) {
    let first = vec4<f32>(f32(p.first + f32((i + round) % 16u)));
    var c0 = first + vec4<f32>(0, 1, 2, 3);
    var c1 = first + vec4<f32>(4, 5, 6, 7);
    var c2 = first + vec4<f32>(8, 9, 10, 11);
    var c3 = first + vec4<f32>(12, 13, 14, 15);
    for (var turn = 0u; turn < 64u; turn++) {
      c0 = fma(c0, scale, step); c1 = fma(c1, scale, step); c2 = fma(c2, scale, step); c3 = fma(c3, scale, step);
      c0 = fma(c0, scale, step); c1 = fma(c1, scale, step); c2 = fma(c2, scale, step); c3 = fma(c3, scale, step);
      c0 = fma(c0, scale, step); c1 = fma(c1, scale, step); c2 = fma(c2, scale, step); c3 = fma(c3, scale, step);
      c0 = fma(c0, scale, step); c1 = fma(c1, scale, step); c2 = fma(c2, scale, step); c3 = fma(c3, scale, step);
      c0 = fma(c0, scale, step); c1 = fma(c1, scale, step); c2 = fma(c2, scale, step); c3 = fma(c3, scale, step);
      c0 = fma(c0, scale, step); c1 = fma(c1, scale, step); c2 = fma(c2, scale, step); c3 = fma(c3, scale, step);
      c0 = fma(c0, scale, step); c1 = fma(c1, scale, step); c2 = fma(c2, scale, step); c3 = fma(c3, scale, step);
      c0 = fma(c0, scale, step); c1 = fma(c1, scale, step); c2 = fma(c2, scale, step); c3 = fma(c3, scale, step);
      c0 = fma(c0, scale, step); c1 = fma(c1, scale, step); c2 = fma(c2, scale, step); c3 = fma(c3, scale, step);
      c0 = fma(c0, scale, step); c1 = fma(c1, scale, step); c2 = fma(c2, scale, step); c3 = fma(c3, scale, step);
      c0 = fma(c0, scale, step); c1 = fma(c1, scale, step); c2 = fma(c2, scale, step); c3 = fma(c3, scale, step);
      c0 = fma(c0, scale, step); c1 = fma(c1, scale, step); c2 = fma(c2, scale, step); c3 = fma(c3, scale, step);
      c0 = fma(c0, scale, step); c1 = fma(c1, scale, step); c2 = fma(c2, scale, step); c3 = fma(c3, scale, step);
      c0 = fma(c0, scale, step); c1 = fma(c1, scale, step); c2 = fma(c2, scale, step); c3 = fma(c3, scale, step);
      c0 = fma(c0, scale, step); c1 = fma(c1, scale, step); c2 = fma(c2, scale, step); c3 = fma(c3, scale, step);
      c0 = fma(c0, scale, step); c1 = fma(c1, scale, step); c2 = fma(c2, scale, step); c3 = fma(c3, scale, step);
    }
    
    total += u32(dot(vec4f(c0) + vec4f(c1) + vec4f(c2) + vec4f(c3), vec4f(1.0)));
    
  }
  sums[i] = total;
}
