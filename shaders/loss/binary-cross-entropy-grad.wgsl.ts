// gx[n, c, i] = g[n, i] * w * d * dz/dx with the names of binary-cross-entropy.wgsl.ts, L = log(1 + exp(z)) and d
// plain: r; focal: r^gamma * (r + gamma * (1 - r) * L); margin: m * r, m taken as a constant. 0 where the label is ignored, NaN
// where it is unknown. g and labels [N, ...]; x and gx [N, C, ...]; weights [N, C]. One invocation per element of g.

import { storageTypes } from "../wgsl/storage.ts";
import { stridedIndices, stridedWorkgroup } from "../wgsl/strided.ts";
import { numbered, structParams, wgsl } from "../wgsl/wgsl.ts";
import {
  type BinaryCrossEntropyTemplate,
  binaryCrossEntropyFunctions,
  binaryCrossEntropySpec,
} from "./binary-cross-entropy.wgsl.ts";

export function binaryCrossEntropyGradientShader(t: BinaryCrossEntropyTemplate): string {
  const bindings = [
    "var<storage, read> g: array<f32>;",
    "var<storage, read> x: array<Element>;",
    "var<storage, read> labels: array<u32>;",
    ...(t.weights ? ["var<storage, read> weights: array<f32>;"] : []),
    "var<storage, read_write> gx: array<Element>;",
    "var<uniform> p: Params;",
  ];
  return wgsl`
${storageTypes(t.storage)}
${structParams(binaryCrossEntropySpec(t))}
${numbered(bindings)}
${binaryCrossEntropyFunctions(t)}

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  let label = labels[labels_at];
  for (var c = 0u; c < p.channels; c++) {
    let v = f32(x[x_at + c * p.class_stride]);
    let is_own = label == p.first_class + c;
    let z = select(v, -v, is_own);
    let r = sigmoid(z);
    #if ${t.factor === "focal"}
    let slope = factor(z) * (r + p.gamma * (1.0 - r) * softplus(z));
    #else
    let slope = factor(z) * r;
    #endif
    let known = g[g_at] * channel_weight(${t.weights ? "w_at" : "0u"} + c, is_own) * select(slope, -slope, is_own);
    let result = select(not_a_number(label), known, is_known(label));
    gx[gx_at + c * p.class_stride] = stored(select(result, 0.0, is_ignored(label)));
  }
}
`;
}
