// packedSquares/workgroup: one block.
struct Params { count: u32, stretch: u32, infinity: u32 } // the first two in groups of four elements
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> blocks: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

var<workgroup> partial: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  var total = vec4f();
  let end = min(p.count, (group.x + 1u) * p.stretch);
  for (var i = group.x * p.stretch + local; i < end; i += 64u) {
    let inside = vec4u(4u * (i % 32u)) + vec4u(0u, 1u, 2u, 3u) < vec4u(blocks[i / 32u] & 0xffffu);
    let v = select(vec4f(), x[i], inside);
    total += v * v;
  }
  partial[local] = (total.x + total.y) + (total.z + total.w);
  workgroupBarrier();
  for (var half = 32u; half > 0u; half /= 2u) {
    if (local < half) { partial[local] += partial[local + half]; }
    workgroupBarrier();
  }
  if (local == 0u) { y[group.x] = partial[0]; }
}
