// Index arithmetic for kernels that walk several arrays in step, each with its own stride along every axis:
// element (i0, i1, ...) of array x is at x_offset + i0 * x_stride0 + i1 * x_stride1 + ...; the last axis varies fastest.
import type { Scalar } from "./storage.ts";
import type { ParamSpec } from "./wgsl.ts";

/** Elements in one load. */
export type Width = 1 | 4;

export interface StridedTemplate<N extends string = string> {
  readonly rank: number;
  /** Elements that one invocation handles; they are neighbours along the last axis. */
  readonly width: Width;
  /** The element of each array's storage: `width` wide, or 1 where the array does not change along the last axis. */
  readonly arrays: Readonly<Record<N, Width>>;
}

export const stridedWorkgroup = 64;

/** Parameters in units of each array's storage element; `count` is the number of invocations. */
export function stridedSpec({ rank, arrays }: StridedTemplate): ParamSpec {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  const names = [
    "count",
    ...axes.slice(1).map((axis) => `size${axis}`),
    ...Object.keys(arrays).flatMap((name) => [`${name}_offset`, ...axes.map((axis) => `${name}_stride${axis}`)]),
  ];
  return Object.fromEntries(names.map((name) => [name, "u32"]));
}

/**
 * Statements that declare the indices `i0`, `i1`, ... and `x_at` for every array, from `id` (global_invocation_id) and
 * `groups` (num_workgroups), and leave where the grid is larger than the walk. Rows of the grid follow each other: one
 * axis of it would be too short for large tensors. `index` replaces the index of the invocation.
 */
export function stridedIndices(
  { rank, arrays }: StridedTemplate,
  index = `id.y * groups.x * ${stridedWorkgroup}u + id.x`,
): string {
  const lines = [`let i = ${index};`, "if (i >= p.count) { return; }"];
  let rest = "i";
  for (let axis = rank - 1; axis > 0; axis--) {
    lines.push(`let i${axis} = ${rest} % p.size${axis};`, `let rest${axis} = ${rest} / p.size${axis};`);
    rest = `rest${axis}`;
  }
  lines.push(`let i0 = ${rest};`);
  for (const name of Object.keys(arrays)) {
    const terms = Array.from({ length: rank }, (_, axis) => `i${axis} * p.${name}_stride${axis}`);
    lines.push(`let ${name}_at = p.${name}_offset + ${terms.join(" + ")};`);
  }
  return lines.join("\n  ");
}

/** The type of a value in a register, or of words in storage. */
export function vectorType<S extends Scalar>(scalar: S, width: Width): S | `vec4<${S}>` {
  return width === 4 ? `vec4<${scalar}>` : scalar;
}

/** The type of floats in storage, their type in registers, and the function that rounds to storage (storage.ts). */
export function elementType(width: Width): "Element" | "Element4" {
  return width === 4 ? "Element4" : "Element";
}
export function loadedAs(width: Width): "f32" | "vec4f" {
  return width === 4 ? "vec4f" : "f32";
}
export function storedAs(width: Width): "stored" | "stored4" {
  return width === 4 ? "stored4" : "stored";
}
