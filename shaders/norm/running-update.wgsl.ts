// r = r + momentum * (factor * s - r), the running statistics of batch norm; the factor makes variances unbiased.
// r, s: [elements], packed; factors [groups]. One invocation per four neighbouring elements.
import { packedUpdate } from "../wgsl/packed.ts";
import { float } from "../wgsl/wgsl.ts";

export function runningUpdate({ momentum }: { readonly momentum: number }): string {
  return packedUpdate(
    ["s: array<vec4f>", "blocks: array<u32>", "factors: array<f32>"],
    ["r"],
    `r[i] = select(r[i], r[i] + ${float(momentum)} * (factors[group] * s[i] - r[i]), inside);`,
  );
}
