// gq[n, c, i] = gi[n, c] * t + gp[n, c], or + gp[n, c] * 2 * q[n, c, i] of squares, with the names of class-overlap.wgsl.ts;
// 0 where the label is ignored, NaN where it is unknown.
// gi and gp [N, C], f32; q and gq [N, C, ...]; labels [N, ...]. One invocation per element of
// labels.
import { labelFunctions, labelSpec } from "../wgsl/labels.ts";
import { type Storage, storageTypes } from "../wgsl/storage.ts";
import { type StridedTemplate, stridedIndices, stridedSpec, stridedWorkgroup } from "../wgsl/strided.ts";
import { numbered, structParams, wgsl } from "../wgsl/wgsl.ts";

/** A walk over [N, pixels]; arrays `gi` and `gp` are an item's first channel. */
export interface ClassOverlapGradientTemplate extends StridedTemplate {
  readonly storage: Storage;
  readonly squared: boolean;
}

export function classOverlapGradientSpec(t: StridedTemplate) {
  return { ...stridedSpec(t), ...labelSpec, channels: "u32", first_class: "u32", class_stride: "u32" } as const;
}

export function classOverlapGradientShader(t: ClassOverlapGradientTemplate): string {
  const bindings = [
    "var<storage, read> gi: array<f32>;",
    "var<storage, read> gp: array<f32>;",
    ...(t.squared ? ["var<storage, read> q: array<Element>;"] : []),
    "var<storage, read> labels: array<u32>;",
    "var<storage, read_write> gq: array<Element>;",
    "var<uniform> p: Params;",
  ];
  return wgsl`
${storageTypes(t.storage)}
${structParams(classOverlapGradientSpec(t))}
${numbered(bindings)}
${labelFunctions("index")}

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  let label = labels[labels_at];
  for (var c = 0u; c < p.channels; c++) {
    let at = c * p.class_stride;
    let size = ${t.squared ? "2.0 * f32(q[q_at + at])" : "1.0"};
    let known = select(0.0, gi[gi_at + c], label == p.first_class + c) + gp[gp_at + c] * size;
    let result = select(not_a_number(label), known, is_known(label));
    gq[gq_at + at] = stored(select(result, 0.0, is_ignored(label)));
  }
}
`;
}
