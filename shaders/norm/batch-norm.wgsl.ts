// y[n, c, ...] = (x[n, c, ...] - mean[c]) / sqrt(variance[c] + eps) * gamma[c] + beta[c]
// x and y [N, C, ...]; gamma, beta, mean, variance [C], f32 always. One invocation per element, or per four neighbours.
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import {
  elementType,
  type StridedTemplate,
  storedAs,
  stridedIndices,
  stridedSpec,
  stridedWorkgroup,
  vectorType,
} from "../wgsl/strided.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

/** Array `c` is the channel's place in gamma, beta, mean and variance. */
export interface BatchNormTemplate extends StridedTemplate<"x" | "c" | "y"> {
  readonly storage: Storage;
}

export function batchNormSpec(t: StridedTemplate) {
  return { ...stridedSpec(t), eps: "f32" } as const;
}

export function batchNormShader(t: BatchNormTemplate): string {
  const type = vectorType("f32", t.width);
  const perChannel = vectorType("f32", t.arrays.c);
  return wgsl`
${storageTypes(t.storage)}
${structParams(batchNormSpec(t))}
@group(0) @binding(0) var<storage, read> x: array<${elementType(t.arrays.x)}>;
@group(0) @binding(1) var<storage, read> gamma: array<${perChannel}>;
@group(0) @binding(2) var<storage, read> beta: array<${perChannel}>;
@group(0) @binding(3) var<storage, read> mean: array<${perChannel}>;
@group(0) @binding(4) var<storage, read> variance: array<${perChannel}>;
@group(0) @binding(5) var<storage, read_write> y: array<${elementType(t.arrays.y)}>;
@group(0) @binding(6) var<uniform> p: Params;

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  let scale = gamma[c_at] / sqrt(variance[c_at] + p.eps);
  y[y_at] = ${storedAs(t.width)}((${type}(x[x_at]) - ${type}(mean[c_at])) * ${type}(scale) + ${type}(beta[c_at]));
}
`;
}
