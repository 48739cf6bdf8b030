// y = x as another type: to integers towards zero and saturating, to f16 rounded and saturating at 65504.
// x and y of the same shape, either with strides of its own. One invocation per element, or per four neighbours.
import { type Scalar, storageTypes } from "./storage.ts";
import {
  type StridedTemplate,
  storedAs,
  stridedIndices,
  stridedSpec,
  stridedWorkgroup,
  vectorType,
} from "./strided.ts";
import { structParams, wgsl } from "./wgsl.ts";

export interface CastTemplate extends StridedTemplate<"x" | "y"> {
  readonly from: Scalar;
  readonly to: Scalar;
}

export function castShader(t: CastTemplate): string {
  const storage = [t.from, t.to].includes("f16") ? "f16" : "f32";
  const wide = vectorType("f32", t.width);
  const value = t.to === "f16" ? `${storedAs(t.width)}(${wide}(x[x_at]))` : `${vectorType(t.to, t.width)}(x[x_at])`;
  return wgsl`
${storageTypes(storage)}
${structParams(stridedSpec(t))}
@group(0) @binding(0) var<storage, read> x: array<${vectorType(t.from, t.arrays.x)}>;
@group(0) @binding(1) var<storage, read_write> y: array<${vectorType(t.to, t.arrays.y)}>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  y[y_at] = ${value};
}
`;
}
