// Attributes and arithmetic that convolutions and pools share: sizes per axis and sliding windows.
import { ShapeError } from "../errors.ts";
import { formatShape, type Shape, type TensorType } from "../tensor.ts";

/** A number for both axes, or one per axis. */
export type Size2d = number | readonly [height: number, width: number];
/** A number for all sides, one per axis, or `[top, left, bottom, right]`. */
export type Padding2d = number | readonly [height: number, width: number] | readonly [number, number, number, number];

export type Pair = readonly [height: number, width: number];
export type Sides = readonly [top: number, left: number, bottom: number, right: number];

/** Expands a size and checks that it is made of integers of at least `minimum`. Throws ShapeError. */
export function pair(where: string, given: Size2d, minimum: number): Pair {
  const value: Pair = typeof given === "number" ? [given, given] : [given[0], given[1]];
  requireIntegers(where, value, minimum);
  return value;
}

/** Expands a padding; see {@link Padding2d}. Throws ShapeError. */
export function sides(where: string, given: Padding2d): Sides {
  let value: Sides;
  if (typeof given === "number") value = [given, given, given, given];
  else if (given.length === 2) value = [given[0], given[1], given[0], given[1]];
  else value = [given[0], given[1], given[2], given[3]];
  requireIntegers(where, value, 0);
  return value;
}

export function requireIntegers(where: string, values: readonly number[], minimum: number): void {
  if (values.every((value) => Number.isSafeInteger(value) && value >= minimum)) return;
  throw new ShapeError(`${where}: got ${formatShape(values)}, expected integers of at least ${minimum}`);
}

/** Throws ShapeError unless the tensor has `rank` axes. */
export function requireRank(operator: string, name: string, type: TensorType, rank: number, format: string): void {
  if (type.shape.length === rank) return;
  throw new ShapeError(`${operator}: ${name} has shape ${formatShape(type.shape)}, expected ${format}`);
}

/**
 * Windows that fit along one axis: `(size + before + after - dilation * (kernel - 1) - 1) / stride + 1`, rounded down,
 * or up in ceil mode, where a last window must still start inside the input or the padding before it, as in PyTorch.
 */
export function windowCount(
  size: number,
  axis: { kernel: number; stride: number; dilation: number; before: number; after: number; ceil?: boolean },
): number {
  const span = size + axis.before + axis.after - axis.dilation * (axis.kernel - 1) - 1;
  if (!axis.ceil) return Math.floor(span / axis.stride) + 1;
  const count = Math.ceil(span / axis.stride) + 1;
  return (count - 1) * axis.stride >= size + axis.before ? count - 1 : count;
}

/** Throws ShapeError when a window result is empty. */
export function requireOutput(operator: string, output: Shape, input: Shape): void {
  if (output.every((size) => size >= 1)) return;
  throw new ShapeError(
    `${operator}: the window does not fit: output would be ${formatShape(output)} (input shapes: ${formatShape(input)})`,
  );
}

/** Throws ShapeError when a pool is padded by more than half its kernel, as PyTorch does. */
export function requirePoolPadding(operator: string, padding: Sides, kernel: Pair): void {
  if (padding.every((size, side) => size <= Math.floor(kernel[side % 2]! / 2))) return;
  throw new ShapeError(
    `${operator}: padding is ${formatShape(padding)}, expected at most half of kernel ${formatShape(kernel)} on each side`,
  );
}
