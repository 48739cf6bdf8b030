// Columns along one axis, each of them the work of one invocation.
import { type StridedTemplate, stridedSpec } from "./strided.ts";
import type { ParamSpec } from "./wgsl.ts";

/** Parameters of a walk over the columns: `axis_size`, and `NAME_axis_stride` of each array. */
export function columnSpec(t: StridedTemplate): ParamSpec {
  const steps = Object.keys(t.arrays).map((name) => [`${name}_axis_stride`, "u32"] as const);
  return { ...stridedSpec(t), axis_size: "u32", ...Object.fromEntries(steps) };
}
