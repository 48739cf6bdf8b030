// y = a op b, elementwise; a and b broadcast: they repeat along an axis where their stride is 0.
// One invocation per element of y, or per four neighbours.
import { type Storage, storageTypes } from "./storage.ts";
import {
  elementType,
  loadedAs,
  type StridedTemplate,
  storedAs,
  stridedIndices,
  stridedSpec,
  stridedWorkgroup,
  vectorType,
} from "./strided.ts";
import { structParams, wgsl } from "./wgsl.ts";

export interface ArithmeticTemplate extends StridedTemplate<"a" | "b" | "y"> {
  readonly storage: Storage;
  readonly symbol: "+" | "-" | "*" | "/";
}

export function arithmetic(t: ArithmeticTemplate): string {
  const type = vectorType("f32", t.width);
  return wgsl`
${storageTypes(t.storage)}
${structParams(stridedSpec(t))}
@group(0) @binding(0) var<storage, read> a: array<${elementType(t.arrays.a)}>;
@group(0) @binding(1) var<storage, read> b: array<${elementType(t.arrays.b)}>;
@group(0) @binding(2) var<storage, read_write> y: array<${elementType(t.arrays.y)}>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  y[y_at] = ${storedAs(t.width)}(${type}(${loadedAs(t.arrays.a)}(a[a_at])) ${t.symbol} ${type}(${loadedAs(t.arrays.b)}(b[b_at])));
}
`;
}
