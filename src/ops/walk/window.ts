// Attributes and arithmetic that convolutions and pools share: sizes per axis and sliding windows.
import { ShapeError } from "../../errors.ts";
import { formatShape, type Shape, type TensorType } from "../../tensor.ts";

export type Pair = readonly [height: number, width: number];
export type Triple = readonly [depth: number, height: number, width: number];
export type Sides = readonly [top: number, left: number, bottom: number, right: number];
export type Sides3d = readonly [front: number, top: number, left: number, back: number, bottom: number, right: number];

/** A number for both axes, or one per axis. */
export type Size2d = number | Pair;
/** A number for all three axes, or one per axis. */
export type Size3d = number | Triple;
/** A number for all sides, one per axis, or `[top, left, bottom, right]`. */
export type Padding2d = number | Pair | Sides;
/** A number for all sides, one per axis, or `[front, top, left, back, bottom, right]`. */
export type Padding3d = number | Triple | Sides3d;

/** What an operator's attributes are made of, by its space: `image` and `volume` are the two. */
export interface SpaceTypes {
  readonly size: readonly number[];
  readonly sides: readonly number[];
  readonly givenSize: number | readonly number[];
  readonly givenSides: number | readonly number[];
}

export interface ImageTypes extends SpaceTypes {
  readonly size: Pair;
  readonly sides: Sides;
  readonly givenSize: Size2d;
  readonly givenSides: Padding2d;
}

export interface VolumeTypes extends SpaceTypes {
  readonly size: Triple;
  readonly sides: Sides3d;
  readonly givenSize: Size3d;
  readonly givenSides: Padding3d;
}

/** What operators on images and those on volumes differ in. */
export interface Space<T extends SpaceTypes> {
  /** Axes of x. */
  readonly rank: number;
  readonly format: string;
  /** The last axes of a convolution's weight. */
  readonly taps: string;
  /** One number per axis, not checked yet. */
  expand(given: T["givenSize"] | T["size"]): T["size"];
  /** Expands a size and checks that it is made of integers of at least `minimum`. Throws ShapeError. */
  size(where: string, given: T["givenSize"] | T["size"], minimum: number): T["size"];
  sides(where: string, given: T["givenSides"] | T["sides"]): T["sides"];
}

export const image: Space<ImageTypes> = {
  rank: 4,
  format: "[N, C, H, W]",
  taps: "R, S",
  expand: (given) => (typeof given === "number" ? [given, given] : [given[0], given[1]]),
  size: pair,
  sides,
};

export const volume: Space<VolumeTypes> = {
  rank: 5,
  format: "[N, C, D, H, W]",
  taps: "T, R, S",
  expand: (given) => (typeof given === "number" ? [given, given, given] : [given[0], given[1], given[2]]),
  size: triple,
  sides: sides3d,
};

/** Expands a size and checks that it is made of integers of at least `minimum`. Throws ShapeError. */
export function pair(where: string, given: Size2d, minimum: number): Pair {
  const value = image.expand(given);
  requireIntegers(where, value, minimum);
  return value;
}

/** As {@link pair}, for three axes. Throws ShapeError. */
export function triple(where: string, given: Size3d, minimum: number): Triple {
  const value = volume.expand(given);
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

/** Expands a padding; see {@link Padding3d}. Throws ShapeError. */
export function sides3d(where: string, given: Padding3d): Sides3d {
  let value: Sides3d;
  if (typeof given === "number") value = [given, given, given, given, given, given];
  else if (given.length === 3) value = [...given, ...given];
  else value = [given[0], given[1], given[2], given[3], given[4], given[5]];
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
function windowCount(
  size: number,
  axis: { kernel: number; stride: number; dilation: number; before: number; after: number; ceil?: boolean },
): number {
  const span = size + axis.before + axis.after - axis.dilation * (axis.kernel - 1) - 1;
  if (!axis.ceil) return Math.floor(span / axis.stride) + 1;
  const count = Math.ceil(span / axis.stride) + 1;
  return (count - 1) * axis.stride >= size + axis.before ? count - 1 : count;
}

/** Windows that fit along each axis after N and C; all but the shape has one number per such axis, padding two. */
export function windowCounts(
  shape: Shape,
  window: {
    readonly kernel: readonly number[];
    readonly stride: readonly number[];
    readonly padding: readonly number[];
    readonly dilation?: readonly number[];
    readonly ceilMode?: boolean;
  },
): number[] {
  const { kernel, stride, padding, dilation, ceilMode = false } = window;
  return kernel.map((size, axis) =>
    windowCount(shape[axis + 2]!, {
      kernel: size,
      stride: stride[axis]!,
      dilation: dilation?.[axis] ?? 1,
      before: padding[axis]!,
      after: padding[axis + kernel.length]!,
      ceil: ceilMode,
    }),
  );
}

/** Throws ShapeError when a window result is empty. */
export function requireOutput(operator: string, output: Shape, input: Shape): void {
  if (output.every((size) => size >= 1)) return;
  throw new ShapeError(
    `${operator}: the window does not fit: output would be ${formatShape(output)} (input shapes: ${formatShape(input)})`,
  );
}

/** Throws ShapeError when a pool is padded by more than half its kernel, as PyTorch does. */
export function requirePoolPadding(operator: string, padding: readonly number[], kernel: readonly number[]): void {
  if (padding.every((size, side) => size <= Math.floor(kernel[side % kernel.length]! / 2))) return;
  throw new ShapeError(
    `${operator}: padding is ${formatShape(padding)}, expected at most half of kernel ${formatShape(kernel)} on each side`,
  );
}

/** Sum of the sizes of an adaptive pool's windows along one axis: each pixel, and once more each one that a window's border cuts. */
export function coverage(size: number, outSize: number): number {
  let sum = 0;
  for (let i = 0; i < outSize; i++) sum += Math.ceil(((i + 1) * size) / outSize) - Math.floor((i * size) / outSize);
  return sum;
}
