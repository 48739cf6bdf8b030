// packedSquares/workgroup: one block.
struct Params { count: u32, stretch: u32, infinity: u32 } // the first two in groups of four elements
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> blocks: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

var<workgroup> partial: array<vec2f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32, @builtin(num_workgroups) groups: vec3u) {
  var plain = vec4f();
  var shrunken = vec4f();
  let end = min(p.count, (group.x + 1u) * p.stretch);
  for (var i = group.x * p.stretch + local; i < end; i += 64u) {
    let inside = vec4u(4u * (i % 32u)) + vec4u(0u, 1u, 2u, 3u) < vec4u(blocks[i / 32u] & 0xffffu);
    let v = select(vec4f(), x[i], inside);
    let small = 8.271806125530277e-25 * v;
    plain += v * v;
    shrunken += small * small;
  }
  partial[local] = vec2f((plain.x + plain.y) + (plain.z + plain.w), (shrunken.x + shrunken.y) + (shrunken.z + shrunken.w));
  workgroupBarrier();
  for (var half = 32u; half > 0u; half /= 2u) {
    if (local < half) { partial[local] += partial[local + half]; }
    workgroupBarrier();
  }
  if (local == 0u) {
    y[group.x] = partial[0].x;
    y[groups.x + group.x] = partial[0].y;
  }
}
