// counts[i] += amount: a dispatch that does next to nothing, for measuring what one more of them costs.
// counts: [peakDispatchWorkgroup], u32. One invocation per element, one workgroup.
import { structParams, wgsl } from "../wgsl/wgsl.ts";

export const peakDispatchParams = { amount: "u32" } as const;

export const peakDispatchWorkgroup = 64;

export function peakDispatch(): string {
  return wgsl`
${structParams(peakDispatchParams)}
@group(0) @binding(0) var<storage, read_write> counts: array<u32>;
@group(0) @binding(1) var<uniform> p: Params;

@compute @workgroup_size(${peakDispatchWorkgroup})
fn main(@builtin(local_invocation_index) i: u32) {
  counts[i] += p.amount;
}
`;
}
