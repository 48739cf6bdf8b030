// The uniform parameters of a dispatch, and those that tell a kernel where an operand lies.
import type { ParamSpec } from "../../shaders/wgsl/wgsl.ts";
import type { Operand } from "./operator.ts";

export interface Params {
  readonly spec: ParamSpec;
  readonly values: Readonly<Record<string, number>>;
}

/** Pairs a shader's parameter declaration with values; a missing or misspelt name does not compile. */
export function params<S extends ParamSpec>(spec: S, values: Readonly<Record<keyof S & string, number>>): Params {
  return { spec, values };
}

type ViewSpec<N extends string> = Readonly<Record<`${N}_offset` | `${N}_batch_stride`, "u32">>;

/** Values of a view's parameters: `x_offset` and `x_batch_stride` for the name `x`. */
export function viewParams<N extends string>(name: N, operand: Operand): Record<keyof ViewSpec<N> & string, number> {
  const { offset, batchStride } = operand.view;
  return { [`${name}_offset`]: offset, [`${name}_batch_stride`]: batchStride } as Record<
    keyof ViewSpec<N> & string,
    number
  >;
}
