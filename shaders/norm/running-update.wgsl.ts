// r = r + momentum * (factor * s - r), the running statistics of batch norm; the factor makes variances unbiased.
// r, s: [elements], packed; factors [groups]. One invocation per four neighbouring elements.
import { packedIndices, packedMain } from "../wgsl/packed.ts";
import { float, wgsl } from "../wgsl/wgsl.ts";

export function runningUpdate({ momentum }: { readonly momentum: number }): string {
  return wgsl`
struct Params { count: u32 }
@group(0) @binding(0) var<storage, read> s: array<vec4f>;
@group(0) @binding(1) var<storage, read> blocks: array<u32>;
@group(0) @binding(2) var<storage, read> factors: array<f32>;
@group(0) @binding(3) var<storage, read_write> r: array<vec4f>;
@group(0) @binding(4) var<uniform> p: Params;

${packedMain}
  ${packedIndices}
  r[i] = select(r[i], r[i] + ${float(momentum)} * (factors[group] * s[i] - r[i]), inside);
}
`;
}
