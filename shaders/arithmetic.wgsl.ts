// y = a op b, elementwise; a and b broadcast: they repeat along an axis where their stride is 0.
// One invocation per element of y, or per four neighbours.
import { type StridedTemplate, stridedIndices, stridedSpec, stridedWorkgroup, vectorType } from "./strided.ts";
import { structParams, wgsl } from "./wgsl.ts";

export interface ArithmeticTemplate extends StridedTemplate<"a" | "b" | "y"> {
  readonly symbol: "+" | "-" | "*" | "/";
}

export function arithmetic(t: ArithmeticTemplate): string {
  const type = vectorType("f32", t.width);
  return wgsl`
${structParams(stridedSpec(t))}
@group(0) @binding(0) var<storage, read> a: array<${vectorType("f32", t.arrays.a)}>;
@group(0) @binding(1) var<storage, read> b: array<${vectorType("f32", t.arrays.b)}>;
@group(0) @binding(2) var<storage, read_write> y: array<${vectorType("f32", t.arrays.y)}>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  y[y_at] = ${type}(a[a_at]) ${t.symbol} ${type}(b[b_at]);
}
`;
}
