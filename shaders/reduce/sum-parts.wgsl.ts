// y[n, k, ...] = activate(sum over s of x[n, s*K + k, ...] + bias[k] + residual[n, k, ...]), parts added in order.
// x [N, S*K, ...]; bias [K]; residual and y [N, K, ...]. One invocation per element of y, or per four neighbours.
import { activateFunction } from "../wgsl/activation.ts";
import { type ConvEpilogueTemplate, residualArray } from "../wgsl/conv-bindings.ts";
import { storageTypes } from "../wgsl/storage.ts";
import {
  elementType,
  loadedAs,
  type StridedTemplate,
  storedAs,
  stridedIndices,
  stridedSpec,
  stridedWorkgroup,
  vectorType,
} from "../wgsl/strided.ts";
import { numbered, structParams, wgsl } from "../wgsl/wgsl.ts";

/** Array `c` is the channel's place in bias. */
export interface SumPartsTemplate extends StridedTemplate<"x" | "c" | "residual" | "y">, ConvEpilogueTemplate {}

export function sumPartsSpec(t: StridedTemplate) {
  return { ...stridedSpec(t), parts: "u32", part_stride: "u32" } as const;
}

export function sumParts(t: SumPartsTemplate): string {
  const type = loadedAs(t.width);
  const bindings = [
    `var<storage, read> x: array<${elementType(t.arrays.x)}>;`,
    ...(t.bias ? [`var<storage, read> bias: array<${vectorType("f32", t.arrays.c)}>;`] : []),
    ...(t.residual === true ? [`var<storage, read> residual: array<${elementType(t.arrays.residual)}>;`] : []),
    `var<storage, read_write> y: array<${elementType(t.arrays.y)}>;`,
    "var<uniform> p: Params;",
  ];
  return wgsl`
${storageTypes(t.storage)}
${structParams(sumPartsSpec(t))}
${numbered(bindings)}
${activateFunction(t.activation, type)}

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  var sum = ${type}(x[x_at]);
  for (var s = 1u; s < p.parts; s++) {
    sum += ${type}(x[x_at + s * p.part_stride]);
  }
  #if ${t.bias}
  sum += ${type}(bias[c_at]);
  #endif
  #if ${t.residual}
  sum += ${type}(${residualArray(t)}[residual_at]);
  #endif
  y[y_at] = ${storedAs(t.width)}(activate(sum));
}
`;
}
