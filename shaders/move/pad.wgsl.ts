// y[i0, i1, ...] = x[source(i0 - begin0), source(i1 - begin1), ...], or the value where a source is outside of x:
// constant takes indices as they are, reflect mirrors them at the first and last element, replicate clamps to these.
// Elements are words of 32 bits, whatever they mean, or f16. One invocation per word of y.
import { enableWord, type Word } from "../wgsl/storage.ts";
import { type StridedTemplate, stridedIndices, stridedSpec, stridedWorkgroup } from "../wgsl/strided.ts";
import { structParams, wgsl } from "../wgsl/wgsl.ts";

export type PadMode = "constant" | "reflect" | "replicate";

/** A walk along the axes of y, word by word. */
export interface PadTemplate extends StridedTemplate<"y"> {
  readonly word: Word;
  readonly mode: PadMode;
}

export function padSpec(t: PadTemplate) {
  const perAxis = Array.from({ length: t.rank }, (_, axis) => [
    [`begin${axis}`, "i32"],
    [`x_size${axis}`, "i32"],
    [`x_stride${axis}`, "u32"],
  ]);
  return { ...stridedSpec(t), ...Object.fromEntries(perAxis.flat()), x_offset: "u32", value: "u32" } as const;
}

export function padShader(t: PadTemplate): string {
  const perAxis = Array.from(
    { length: t.rank },
    (_, axis) => `
  let s${axis} = source(i32(i${axis}) - p.begin${axis}, p.x_size${axis});
  inside = inside && s${axis} >= 0 && s${axis} < p.x_size${axis};
  x_at += u32(s${axis}) * p.x_stride${axis};`,
  );
  return wgsl`${enableWord(t.word)}
${structParams(padSpec(t))}
@group(0) @binding(0) var<storage, read> x: array<${t.word}>;
@group(0) @binding(1) var<storage, read_write> y: array<${t.word}>;
@group(0) @binding(2) var<uniform> p: Params;

#if ${t.word === "f16"}
fn unpack_half(bits: u32) -> f16 { return bitcast<vec2<f16>>(bits).x; }
#endif

fn source(i: i32, size: i32) -> i32 {
  #if ${t.mode === "reflect"}
  return select(abs(i), 2 * (size - 1) - i, i >= size);
  #elif ${t.mode === "replicate"}
  return clamp(i, 0, size - 1);
  #else
  return i;
  #endif
}

@compute @workgroup_size(${stridedWorkgroup})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  ${stridedIndices(t)}
  var inside = true;
  var x_at = p.x_offset;${perAxis.join("")}
  var value = ${t.word === "f16" ? "unpack_half(p.value)" : "p.value"};
  if (inside) { value = x[x_at]; }
  y[y_at] = value;
}
`;
}
