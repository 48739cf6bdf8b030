// y[.., r, c] = x[.., r, c] where c - r >= p.diagonal (upper), or c - r <= p.diagonal (lower); 0 elsewhere.
// x and y [.., R, C], along their axes. Elements are words of 32 bits, whatever they mean, or f16: 0 has the same bits in all.
// One invocation per element of y.
import { enableWord, type Word } from "../wgsl/storage.ts";
import { type StridedTemplate, stridedIndices, stridedSpec, stridedWorkgroup } from "../wgsl/strided.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

/** A walk along the axes of y, element by element; no axes are joined. */
export interface TriluTemplate extends StridedTemplate<"x" | "y"> {
  readonly word: Word;
  readonly upper: boolean;
}

export function triluSpec(t: StridedTemplate) {
  return { ...stridedSpec(t), diagonal: "i32" } as const;
}

export function triluShader(t: TriluTemplate): string {
  const [row, column] = [`i${t.rank - 2}`, `i${t.rank - 1}`];
  return wgsl`${enableWord(t.word)}
${structParams(triluSpec(t))}
@group(0) @binding(0) var<storage, read> x: array<${t.word}>;
@group(0) @binding(1) var<storage, read_write> y: array<${t.word}>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  var value = ${t.word}();
  if (i32(${column}) - i32(${row}) ${t.upper ? ">=" : "<="} p.diagonal) { value = x[x_at]; }
  y[y_at] = value;
}
`;
}
