// y[n, i] = the weight of labels[n, i]: that of its class, or the mean of those it admits, of weights[n, ...]; 1 without
// weights; 0 where the label is ignored, NaN where it is unknown.
// labels and y [N, ...]; weights [N, C]. One invocation per element of y.
import { type LabelForm, labelFunctions, labelSpec, labelWeight } from "../wgsl/labels.ts";
import { type StridedTemplate, stridedIndices, stridedSpec, stridedWorkgroup } from "../wgsl/strided.ts";
import { numbered, structParams, wgsl } from "../wgsl/wgsl.ts";

/** A walk over [N, pixels]; array `w` is an item's place in weights. */
export interface PixelWeightsTemplate extends StridedTemplate {
  readonly labels: LabelForm;
  readonly weights: boolean;
}

export function pixelWeightsSpec(t: StridedTemplate) {
  return { ...stridedSpec(t), ...labelSpec } as const;
}

export function pixelWeightsShader(t: PixelWeightsTemplate): string {
  const bindings = [
    "var<storage, read> labels: array<u32>;",
    ...(t.weights ? ["var<storage, read> weights: array<f32>;"] : []),
    "var<storage, read_write> y: array<f32>;",
    "var<uniform> p: Params;",
  ];
  return wgsl`
${structParams(pixelWeightsSpec(t))}
${numbered(bindings)}
${labelFunctions(t.labels)}
${labelWeight(t.labels, t.weights)}

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  let label = labels[labels_at];
  if (is_ignored(label)) { y[y_at] = 0.0; return; }
  if (!is_known(label)) { y[y_at] = not_a_number(label); return; }
  y[y_at] = weight_of(label, ${t.weights ? "w_at" : "0u"});
}
`;
}
