// sums[i] = sum over rounds r and lanes j of ((first + (i + r) % 16 + j) * scale + step, applied `peakFmaSteps` times):
// fused multiply-adds on independent chains in registers, for measuring what an adapter can do at most.
// sums: [invocations], u32. One invocation per element.
//
// With scale = step = 1, which no compiler knows, every chain counts up from a small integer: exact in f16 too, and
// different for each lane, round and neighbour, so that nothing can be shared, hoisted or left out.
import { structParams, wgsl } from "../wgsl/wgsl.ts";

export interface PeakFmaTemplate {
  readonly precision: "f32" | "f16";
  /** Lanes of a chain's vector. */
  readonly width: 1 | 4;
  /** Chains of dependent operations per invocation; width * chains is at most 64 and a power of two. */
  readonly chains: number;
  readonly workgroup: number;
}

export const peakFmaParams = { rounds: "u32", first: "f32", scale: "f32", step: "f32" } as const;

/** Of each chain in each round; with what it starts from it stays below 2048, where f16 ends to hold every integer. */
export const peakFmaSteps = 1024;

/** In one turn of the loop, so that its counter costs next to nothing. */
const operationsPerTurn = 256;

export function peakFma({ precision, width, chains, workgroup }: PeakFmaTemplate): string {
  const chain = width === 4 ? `vec4<${precision}>` : precision;
  const unrolled = operationsPerTurn / (chains * width);
  const all = Array.from({ length: chains }, (_, k) => k);
  const offsets = (k: number) => Array.from({ length: width }, (_, lane) => k * width + lane).join(", ");
  const sum = all.map((k) => (width === 4 ? `vec4f(c${k})` : `f32(c${k})`)).join(" + ");
  const turn = Array.from({ length: unrolled }, () => all.map((k) => `c${k} = fma(c${k}, scale, step);`).join(" "));
  return wgsl`
#if ${precision === "f16"}
enable f16;
#endif
${structParams(peakFmaParams)}
@group(0) @binding(0) var<storage, read_write> sums: array<u32>;
@group(0) @binding(1) var<uniform> p: Params;

@compute @workgroup_size(${workgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * ${workgroup}u + id.x;
  let scale = ${chain}(${precision}(p.scale));
  let step = ${chain}(${precision}(p.step));
  var total = 0u;
  for (var round = 0u; round < p.rounds; round++) {
    let first = ${chain}(${precision}(p.first + f32((i + round) % 16u)));
    ${all.map((k) => `var c${k} = first + ${chain}(${offsets(k)});`).join("\n    ")}
    for (var turn = 0u; turn < ${peakFmaSteps / unrolled}u; turn++) {
      ${turn.join("\n      ")}
    }
    #if ${width === 4}
    total += u32(dot(${sum}, vec4f(1.0)));
    #else
    total += u32(${sum});
    #endif
  }
  sums[i] = total;
}
`;
}
