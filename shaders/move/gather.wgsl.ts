// y[o.., i.., n..] = x[o.., index[i..], n..]: slices of x along one axis, of size p.axis_size; or y[o.., i, n..] =
// x[o.., index[o.., i, n..], n..]: single elements.
// A negative index counts from the end; one beyond the axis takes its nearest element. x and y hold words of 32 bits,
// whatever they mean, or f16; index i32. One invocation per element of y.
import { enableWord, type Word } from "../wgsl/storage.ts";
import { type StridedTemplate, stridedIndices, stridedSpec, stridedWorkgroup } from "../wgsl/strided.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

/** A walk over y, elements one by one; x does not move along the axes of the indices, nor they along the others; of single
 * elements the index lies as y does. */
export interface GatherTemplate extends StridedTemplate<"x" | "index" | "y"> {
  readonly word: Word;
}

export function gatherSpec(t: StridedTemplate) {
  return { ...stridedSpec(t), axis_size: "i32", axis_stride: "u32" } as const;
}

export function gatherShader(t: GatherTemplate): string {
  return wgsl`${enableWord(t.word)}
${structParams(gatherSpec(t))}
@group(0) @binding(0) var<storage, read> x: array<${t.word}>;
@group(0) @binding(1) var<storage, read> index: array<i32>;
@group(0) @binding(2) var<storage, read_write> y: array<${t.word}>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  let given = index[index_at];
  let place = clamp(select(given, given + p.axis_size, given < 0), 0, p.axis_size - 1);
  y[y_at] = x[x_at + u32(place) * p.axis_stride];
}
`;
}
