// y[k] = x[k]: for measuring the bandwidth of an adapter's memory.
// x, y: [invocations * perInvocation] vectors of `width` words. One invocation per `perInvocation` vectors, which lie a
// whole grid apart, so that neighbours in the grid are neighbours in memory.
import { vectorType } from "../wgsl/strided.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

export interface PeakCopyTemplate {
  readonly width: 1 | 4;
  readonly perInvocation: number;
  readonly workgroup: number;
}

/** `invocations`: of the whole grid. */
export const peakCopyParams = { invocations: "u32" } as const;

export function peakCopy({ width, perInvocation, workgroup }: PeakCopyTemplate): string {
  const all = Array.from({ length: perInvocation }, (_, k) => k);
  const vector = vectorType("u32", width);
  return wgsl`
${structParams(peakCopyParams)}
@group(0) @binding(0) var<storage, read> x: array<${vector}>;
@group(0) @binding(1) var<storage, read_write> y: array<${vector}>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(${workgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * ${workgroup}u + id.x;
  ${all.map((k) => `let v${k} = x[i + ${k}u * p.invocations];`).join("\n  ")}
  ${all.map((k) => `y[i + ${k}u * p.invocations] = v${k};`).join("\n  ")}
}
`;
}
