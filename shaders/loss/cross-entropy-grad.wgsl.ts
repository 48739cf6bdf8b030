// gx[n, k, i] = g[n, i] * w * d * (p_k - q_k), with the names of cross-entropy.wgsl.ts, L = -log(P),
// p_k = softmax of x over all classes, q_k = softmax over the admitted ones, 0 for others,
// d = r^gamma + gamma * r^(gamma - 1) * P * L with r = 1 - P; 1 where gamma is 0. 0 where the label is ignored, NaN where it
// is unknown. g and labels [N, ...]; x and gx [N, C, ...]; weights [N, C]. One invocation per element of g.

import { storageTypes } from "../wgsl/storage.ts";
import { stridedIndices, stridedWorkgroup } from "../wgsl/strided.ts";
import { numbered, structParams, wgsl } from "../wgsl/wgsl.ts";
import { type CrossEntropyTemplate, crossEntropyFunctions, crossEntropySpec } from "./cross-entropy.wgsl.ts";

export function crossEntropyGradientShader(t: CrossEntropyTemplate): string {
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
${structParams(crossEntropySpec(t))}
${numbered(bindings)}
${crossEntropyFunctions(t)}

fn fill(gx_at: u32, value: f32) {
  for (var k = 0u; k < p.classes; k++) { gx[gx_at + k * p.class_stride] = stored(value); }
}

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  let label = labels[labels_at];
  if (is_ignored(label)) { fill(gx_at, 0.0); return; }
  if (!is_known(label)) { fill(gx_at, not_a_number(label)); return; }
  let s = sums_of(x_at, label);
  var scale = g[g_at] * weight_of(label, ${t.weights ? "w_at" : "0u"});
  #if ${t.focal}
  let rest = s.rest / s.sum;
  scale *= focus(rest, p.gamma) + p.gamma * focus(rest, p.gamma - 1.0) * (1.0 - rest) * loss_of(s);
  #endif
  for (var k = 0u; k < p.classes; k++) {
    let v = logit(x_at, k);
    var apart = safe_exp(v - s.largest) / s.sum;
    if (admits(label, k)) {
      #if ${t.labels === "sets"}
      apart -= safe_exp(v - s.admitted) / s.admitted_sum;
      #else
      apart -= 1.0;
      #endif
    }
    gx[gx_at + k * p.class_stride] = stored(scale * apart);
  }
}
`;
}
