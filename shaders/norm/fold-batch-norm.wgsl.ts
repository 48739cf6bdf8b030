// scale[c] = gamma[c] / sqrt(variance[c] + eps)
// y[..., c, ...] = w[..., c, ...] * scale[c]                            (foldWeight: any axis is that of the channels)
// y[c] = beta[c] + (bias[c] - mean[c]) * scale[c]                       (foldBias: bias is 0 where there is none)
// gamma, beta, mean, variance, bias [C]. One invocation per element of y, or per four neighbours.
import { type StridedTemplate, stridedIndices, stridedSpec, stridedWorkgroup, vectorType } from "../wgsl/strided.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

/** Array `c` is the channel's place in gamma and variance. */
export type FoldWeightTemplate = StridedTemplate<"w" | "c">;

export function foldSpec(t: StridedTemplate) {
  return { ...stridedSpec(t), eps: "f32" } as const;
}

export function foldWeight(t: FoldWeightTemplate): string {
  const perChannel = vectorType("f32", t.arrays.c);
  return wgsl`
${structParams(foldSpec(t))}
@group(0) @binding(0) var<storage, read> w: array<${vectorType("f32", t.arrays.w)}>;
@group(0) @binding(1) var<storage, read> gamma: array<${perChannel}>;
@group(0) @binding(2) var<storage, read> variance: array<${perChannel}>;
@group(0) @binding(3) var<storage, read_write> y: array<${vectorType("f32", t.arrays.w)}>;
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  y[w_at] = w[w_at] * (gamma[c_at] / sqrt(variance[c_at] + p.eps));
}
`;
}

export interface FoldBiasTemplate extends StridedTemplate<"c"> {
  readonly bias: boolean;
}

export function foldBias(t: FoldBiasTemplate): string {
  const type = vectorType("f32", t.width);
  let next = 0;
  return wgsl`
${structParams(foldSpec(t))}
${t.bias ? `@group(0) @binding(${next++}) var<storage, read> bias: array<${type}>;` : ""}
@group(0) @binding(${next++}) var<storage, read> gamma: array<${type}>;
@group(0) @binding(${next++}) var<storage, read> beta: array<${type}>;
@group(0) @binding(${next++}) var<storage, read> mean: array<${type}>;
@group(0) @binding(${next++}) var<storage, read> variance: array<${type}>;
@group(0) @binding(${next++}) var<storage, read_write> y: array<${type}>;
@group(0) @binding(${next++}) var<uniform> p: Params;

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  var shift = -mean[c_at];
  #if ${t.bias}
  shift += bias[c_at];
  #endif
  y[c_at] = beta[c_at] + shift * (gamma[c_at] / sqrt(variance[c_at] + p.eps));
}
`;
}
