// y[n, i] = sum over c of w * m * log(1 + exp(z)), with z = -x[n, c, i] and w = weights[n, c] (or 1) where labels[n, i] is the
// class of channel c, z = x[n, c, i] and w = negative_weight elsewhere. Of r = sigmoid(z), the share that is wrong, m is
// plain: 1; focal: r^gamma; margin: 1 / max(|r - 0.5|, margin)^gamma. 0 where the label is ignored, NaN where it is unknown.
// x [N, C, ...]; labels and y [N, ...]; weights [N, C]. One invocation per element of y.
import { unaryFunction } from "../wgsl/functions.ts";
import { labelFunctions, labelSpec } from "../wgsl/labels.ts";
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import { type StridedTemplate, stridedIndices, stridedSpec, stridedWorkgroup } from "../wgsl/strided.ts";
import { numbered, structParams, wgsl } from "../wgsl/wgsl.ts";

/** A walk over [N, pixels]; array `w` is an item's place in weights. */
export interface BinaryCrossEntropyTemplate extends StridedTemplate {
  readonly storage: Storage;
  readonly weights: boolean;
  readonly factor: "plain" | "focal" | "margin";
}

/** `first_class` is the class of channel 0; `classes` are those that labels may name. */
export function binaryCrossEntropySpec(t: StridedTemplate) {
  const numbers = { gamma: "f32", margin: "f32", negative_weight: "f32" } as const;
  return {
    ...stridedSpec(t),
    ...labelSpec,
    channels: "u32",
    first_class: "u32",
    class_stride: "u32",
    ...numbers,
  } as const;
}

export function binaryCrossEntropyShader(t: BinaryCrossEntropyTemplate): string {
  const bindings = [
    "var<storage, read> x: array<Element>;",
    "var<storage, read> labels: array<u32>;",
    ...(t.weights ? ["var<storage, read> weights: array<f32>;"] : []),
    "var<storage, read_write> y: array<f32>;",
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
  if (is_ignored(label)) { y[y_at] = 0.0; return; }
  if (!is_known(label)) { y[y_at] = not_a_number(label); return; }
  var sum = 0.0;
  for (var c = 0u; c < p.channels; c++) {
    let v = f32(x[x_at + c * p.class_stride]);
    let is_own = label == p.first_class + c;
    let z = select(v, -v, is_own);
    sum += channel_weight(${t.weights ? "w_at" : "0u"} + c, is_own) * factor(z) * softplus(z);
  }
  y[y_at] = sum;
}
`;
}

/** What the operator and its gradient share. */
export function binaryCrossEntropyFunctions(t: BinaryCrossEntropyTemplate): string {
  return wgsl`
${labelFunctions("index")}
${unaryFunction({ kind: "softplus" }, { name: "softplus", width: 1 })}
${unaryFunction({ kind: "sigmoid" }, { name: "sigmoid", width: 1 })}

fn channel_weight(at: u32, is_own: bool) -> f32 {
  return select(p.negative_weight, ${t.weights ? "weights[at]" : "1.0"}, is_own);
}

fn factor(z: f32) -> f32 {
  #if ${t.factor === "focal"}
  return exp(-p.gamma * softplus(-z)); // log(sigmoid(z)) = -softplus(-z)
  #elif ${t.factor === "margin"}
  return pow(max(abs(sigmoid(z) - 0.5), p.margin), -p.gamma);
  #else
  return 1.0;
  #endif
}
`;
}
