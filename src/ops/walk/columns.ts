// Walks over the columns along one axis, each of them the work of one invocation.
import type { Operand } from "../operator.ts";
import { strided, walk } from "./strided.ts";

/** Values for `columnSpec`: a walk over all axes but one, and how far each array moves along that one. */
export function columnWalk<N extends string>(axis: number, arrays: Readonly<Record<N, Operand>>) {
  const found = Object.entries<Operand>(arrays).map(([name, operand]) => [name, strided(operand)] as const);
  const { shape } = Object.values<Operand>(arrays)[0]!;
  const others = (values: readonly number[]) => values.filter((_, a) => a !== axis);
  const walked = found.map(([name, { offset, strides }]) => [name, { offset, strides: others(strides) }]);
  const plan = walk<string>(others(shape), Object.fromEntries(walked), { vectors: false });
  const steps = found.map(([name, { strides }]) => [`${name}_axis_stride`, strides[axis]!]);
  return { ...plan, values: { ...plan.values, axis_size: shape[axis]!, ...Object.fromEntries(steps) } };
}
