// y = activation(x), elementwise; x and y of the same shape, either with strides of its own.
// One invocation per element, or per four neighbours.

import { type ActivationTemplate, activateFunction } from "./activation.ts";
import { type Storage, storageTypes } from "./storage.ts";
import {
  elementType,
  type StridedTemplate,
  storedAs,
  stridedIndices,
  stridedSpec,
  stridedWorkgroup,
} from "./strided.ts";
import { structParams, wgsl } from "./wgsl.ts";

export interface ActivationsTemplate extends StridedTemplate<"x" | "y"> {
  readonly storage: Storage;
  readonly activation: ActivationTemplate;
}

export function activations(t: ActivationsTemplate): string {
  const type = t.width === 4 ? "vec4f" : "f32";
  return wgsl`
${storageTypes(t.storage)}
${structParams(stridedSpec(t))}
@group(0) @binding(0) var<storage, read> x: array<${elementType(t.arrays.x)}>;
@group(0) @binding(1) var<storage, read_write> y: array<${elementType(t.arrays.y)}>;
@group(0) @binding(2) var<uniform> p: Params;
${activateFunction(t.activation, type)}

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  y[y_at] = ${storedAs(t.width)}(activate(${type}(x[x_at])));
}
`;
}
