// y[k] = sum of x[i]^2 over the k-th stretch of blocks, gaps left out; infinity where an |x[i]| is `most`.
// x: [elements], packed; y: [stretches]. One workgroup per stretch: each invocation sums every 64th group of four elements.
import { packedBlock, packedWorkgroup } from "../wgsl/packed.ts";
import { float, wgsl } from "../wgsl/wgsl.ts";

export interface SquaresTemplate {
  /** From this size on a number has overflowed: f16 is stored saturated. Undefined: none has. */
  readonly most: number | undefined;
}

export function packedSquares({ most }: SquaresTemplate): string {
  const square = "v * v";
  const infinite = (limit: number) =>
    `select(${square}, vec4f(bitcast<f32>(p.infinity)), abs(v) >= vec4f(${float(limit)}))`;
  return wgsl`
struct Params { count: u32, stretch: u32, infinity: u32 } // the first two in groups of four elements
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> blocks: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

var<workgroup> partial: array<f32, ${packedWorkgroup}>;

@compute @workgroup_size(${packedWorkgroup})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  var total = vec4f();
  let end = min(p.count, (group.x + 1u) * p.stretch);
  for (var i = group.x * p.stretch + local; i < end; i += ${packedWorkgroup}u) {
    let inside = vec4u(4u * (i % ${packedBlock / 4}u)) + vec4u(0u, 1u, 2u, 3u) < vec4u(blocks[i / ${packedBlock / 4}u] & 0xffffu);
    let v = select(vec4f(), x[i], inside);
    total += ${most === undefined ? square : infinite(most)};
  }
  partial[local] = (total.x + total.y) + (total.z + total.w);
  workgroupBarrier();
  for (var half = ${packedWorkgroup / 2}u; half > 0u; half /= 2u) {
    if (local < half) { partial[local] += partial[local + half]; }
    workgroupBarrier();
  }
  if (local == 0u) { y[group.x] = partial[0]; }
}
`;
}
