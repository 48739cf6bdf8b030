// y[n, c, ...] = (x[n, c, ...] - mean[c]) / sqrt(variance[c] + eps) * gamma[c] + beta[c]
// x and y [N, C, ...]; gamma, beta, mean, variance [C]. One invocation per element, or per four neighbours.
import { type StridedTemplate, stridedIndices, stridedSpec, stridedWorkgroup, vectorType } from "./strided.ts";
import { structParams, wgsl } from "./wgsl.ts";

/** Array `c` is the channel's place in gamma, beta, mean and variance. */
export type BatchNormTemplate = StridedTemplate<"x" | "c" | "y">;

export function batchNormSpec(t: BatchNormTemplate) {
  return { ...stridedSpec(t), eps: "f32" } as const;
}

export function batchNormShader(t: BatchNormTemplate): string {
  const type = vectorType("f32", t.width);
  const perChannel = vectorType("f32", t.arrays.c);
  return wgsl`
${structParams(batchNormSpec(t))}
@group(0) @binding(0) var<storage, read> x: array<${vectorType("f32", t.arrays.x)}>;
@group(0) @binding(1) var<storage, read> gamma: array<${perChannel}>;
@group(0) @binding(2) var<storage, read> beta: array<${perChannel}>;
@group(0) @binding(3) var<storage, read> mean: array<${perChannel}>;
@group(0) @binding(4) var<storage, read> variance: array<${perChannel}>;
@group(0) @binding(5) var<storage, read_write> y: array<${vectorType("f32", t.arrays.y)}>;
@group(0) @binding(6) var<uniform> p: Params;

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  let scale = gamma[c_at] / sqrt(variance[c_at] + p.eps);
  y[y_at] = (${type}(x[x_at]) - ${type}(mean[c_at])) * ${type}(scale) + ${type}(beta[c_at]);
}
`;
}
