// y[n, c] = how many of labels[n, ...] are c
// labels [N, ...]; y [N, C], f32. One invocation per element of y, or one workgroup per element.
import { foldFunction, rowIndex, soloRows } from "../wgsl/fold.ts";
import { type StridedTemplate, stridedIndices, stridedSpec } from "../wgsl/strided.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

/** A walk over [N, C], axes not joined; array `labels` is an item's first label. */
export interface ClassCountsTemplate extends StridedTemplate<"labels" | "y"> {
  /** Invocations per element: 1, or those of a workgroup. */
  readonly lanes: number;
}

export function classCountsSpec(t: StridedTemplate) {
  return { ...stridedSpec(t), pixels: "u32" } as const;
}

export function classCountsShader(t: ClassCountsTemplate): string {
  const term = "select(0u, 1u, labels[row + k] == shift)";
  return wgsl`
${structParams(classCountsSpec(t))}
@group(0) @binding(0) var<storage, read> labels: array<u32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;
${foldFunction({ name: "count", lanes: t.lanes, type: "u32", identity: "0u", term, combine: "a + b" })}

@compute @workgroup_size(${t.lanes > 1 ? t.lanes : soloRows})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32, @builtin(num_workgroups) groups: vec3u) {
  let lane = ${t.lanes > 1 ? "local" : "0u"};
  ${stridedIndices(t, rowIndex(t.lanes))}
  let total = count(labels_at, p.pixels, lane, i1);
  if (lane == 0u) { y[y_at] = f32(total); }
}
`;
}
