// y[0, k] = sum of x[i]^2 over the k-th stretch of blocks, gaps left out. y[1, k]: the same of 2^-80 * x[i], which no finite number
// overflows, however many there are; infinity where an |x[i]| is `most`.
// x: [elements], packed; y: [2, stretches]. One workgroup per stretch: each invocation sums every 64th group of four elements.
import { packedBlock, packedWorkgroup } from "../wgsl/packed.ts";
import { float, wgsl } from "../wgsl/wgsl.ts";

export interface SquaresTemplate {
  /** From this size on a number has overflowed: f16 is stored saturated. Undefined: none has. */
  readonly most: number | undefined;
}

/** What numbers are multiplied with whose squares overflow. */
export const shrink = 2 ** -80;

export function packedSquares({ most }: SquaresTemplate): string {
  const square = "small * small";
  const infinite = (limit: number) =>
    `select(${square}, vec4f(bitcast<f32>(p.infinity)), abs(v) >= vec4f(${float(limit)}))`;
  return wgsl`
struct Params { count: u32, stretch: u32, infinity: u32 } // the first two in groups of four elements
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> blocks: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

var<workgroup> partial: array<vec2f, ${packedWorkgroup}>;

@compute @workgroup_size(${packedWorkgroup})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32, @builtin(num_workgroups) groups: vec3u) {
  var plain = vec4f();
  var shrunken = vec4f();
  let end = min(p.count, (group.x + 1u) * p.stretch);
  for (var i = group.x * p.stretch + local; i < end; i += ${packedWorkgroup}u) {
    let inside = vec4u(4u * (i % ${packedBlock / 4}u)) + vec4u(0u, 1u, 2u, 3u) < vec4u(blocks[i / ${packedBlock / 4}u] & 0xffffu);
    let v = select(vec4f(), x[i], inside);
    let small = ${float(shrink)} * v;
    plain += v * v;
    shrunken += ${most === undefined ? square : infinite(most)};
  }
  partial[local] = vec2f((plain.x + plain.y) + (plain.z + plain.w), (shrunken.x + shrunken.y) + (shrunken.z + shrunken.w));
  workgroupBarrier();
  for (var half = ${packedWorkgroup / 2}u; half > 0u; half /= 2u) {
    if (local < half) { partial[local] += partial[local + half]; }
    workgroupBarrier();
  }
  if (local == 0u) {
    y[group.x] = partial[0].x;
    y[groups.x + group.x] = partial[0].y;
  }
}
`;
}
