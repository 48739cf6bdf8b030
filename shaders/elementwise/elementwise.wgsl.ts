// y = f(a, b, ...), elementwise; inputs broadcast: they repeat along an axis where their stride is 0.
// Inputs a, b, ... and y with strides and types of their own. One invocation per element of y, or per four neighbours.
import { type FunctionText, wgslFunction } from "../wgsl/functions.ts";
import { type Scalar, storageTypes } from "../wgsl/storage.ts";
import {
  type StridedTemplate,
  storedAs,
  stridedIndices,
  stridedSpec,
  stridedWorkgroup,
  vectorType,
  type Width,
} from "../wgsl/strided.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

export interface ElementwiseTemplate extends StridedTemplate {
  /** Types in storage, in the order of `arrays`: the inputs, then y. */
  readonly types: readonly Scalar[];
  readonly function: FunctionText;
}

/** Floats are f32 in registers. */
export function registerOf(type: Scalar): "f32" | "i32" | "u32" {
  return type === "f16" ? "f32" : type;
}

export function elementwise(t: ElementwiseTemplate): string {
  const names = Object.keys(t.arrays);
  const widths = Object.values(t.arrays);
  const inputs = names.slice(0, -1);
  const wide = (i: number, width: Width) => vectorType(registerOf(t.types[i]!), width);
  const load = (name: string, i: number) => `${wide(i, t.width)}(${wide(i, widths[i]!)}(${name}[${name}_at]))`;
  const outType = t.types.at(-1)!;
  const store = outType === "f16" ? storedAs(t.width) : "";
  return wgsl`
${storageTypes(t.types.includes("f16") ? "f16" : "f32")}
${structParams(stridedSpec(t))}
${inputs.map((name, i) => `@group(0) @binding(${i}) var<storage, read> ${name}: array<${vectorType(t.types[i]!, widths[i]!)}>;`).join("\n")}
@group(0) @binding(${inputs.length}) var<storage, read_write> y: array<${vectorType(outType, t.arrays.y!)}>;
@group(0) @binding(${inputs.length + 1}) var<uniform> p: Params;
${wgslFunction({ ...t.function, name: "f", width: t.width })}

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  y[y_at] = ${store}(f(${inputs.map(load).join(", ")}));
}
`;
}
