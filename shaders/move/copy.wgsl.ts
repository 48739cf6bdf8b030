// y[i0, i1, ...] = x[i0, i1, ...], each with an offset and strides of its own; x repeats where its stride is 0.
// Elements are words of 32 bits, whatever they mean, or f16. One invocation per word, or per four neighbours.
import { enableWord, type Word } from "../wgsl/storage.ts";
import { type StridedTemplate, stridedIndices, stridedSpec, stridedWorkgroup, vectorType } from "../wgsl/strided.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

export interface CopyTemplate extends StridedTemplate<"x" | "y"> {
  readonly word: Word;
}

export function copy(t: CopyTemplate): string {
  return wgsl`${enableWord(t.word)}
${structParams(stridedSpec(t))}
@group(0) @binding(0) var<storage, read> x: array<${vectorType(t.word, t.arrays.x)}>;
@group(0) @binding(1) var<storage, read_write> y: array<${vectorType(t.word, t.arrays.y)}>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  y[y_at] = ${vectorType(t.word, t.arrays.y)}(x[x_at]);
}
`;
}
