// Rules about labels of pixels that losses share.
import type { LabelForm } from "../../../shaders/wgsl/labels.ts";
import { ShapeError } from "../../errors.ts";
import { elementCount, formatShape, shapesEqual, type TensorType } from "../../tensor.ts";
import { requireF32 } from "../walk/operands.ts";

export type { LabelForm } from "../../../shaders/wgsl/labels.ts";

export interface LabelAttributes {
  readonly labels: LabelForm;
  readonly ignoreIndex: number;
}

export interface LabelGiven {
  /**
   * What a label is. `index`, the default: that of the pixel's class. `sets`: bit c is set where class c is admitted, for up to
   * 32 classes; sets of no class and of all classes are ignored.
   */
  readonly labels?: LabelForm;
  /** The index of pixels that do not count. Default 255. It may be that of a class. Sets have none. */
  readonly ignoreIndex?: number;
}

/** Throws ShapeError unless the ignored index is one of a u32. */
export function labelAttributes(operator: string, { labels = "index", ignoreIndex }: LabelGiven): LabelAttributes {
  return { labels, ignoreIndex: requireIgnoreIndex(operator, ignoreIndex) };
}

/** Throws ShapeError unless it is one of a u32. */
export function requireIgnoreIndex(operator: string, ignoreIndex = 255): number {
  if (Number.isInteger(ignoreIndex) && ignoreIndex >= 0 && ignoreIndex < 2 ** 32) return ignoreIndex;
  throw new ShapeError(`${operator}: ignoreIndex is ${ignoreIndex}, expected an integer of at least 0`);
}

/** Throws ShapeError unless the labels are u32 [N, ...] for `x` [N, C, ...]. */
export function requireLabels(operator: string, x: TensorType, labels: TensorType, form: LabelForm = "index"): void {
  const [items, classes, ...space] = x.shape;
  if (items === undefined || classes === undefined) {
    throw new ShapeError(`${operator}: x has shape ${formatShape(x.shape)}, expected [N, C, ...]`);
  }
  const expected = [items, ...space];
  if (labels.dtype !== "u32") throw new ShapeError(`${operator}: labels are ${labels.dtype}, expected u32`);
  if (!shapesEqual(labels.shape, expected)) {
    throw new ShapeError(
      `${operator}: labels have shape ${formatShape(labels.shape)}, expected ${formatShape(expected)} ` +
        `(input shapes: ${formatShape(x.shape)})`,
    );
  }
  if (form === "sets") requireBits(operator, classes);
}

/** Throws ShapeError where a set of so many classes does not fit into a u32. */
export function requireBits(operator: string, classes: number): void {
  if (classes > 32) throw new ShapeError(`${operator}: got sets of ${classes} classes, expected at most 32`);
}

/** Throws ShapeError unless the weights, where there are any, are f32 [N, C]. */
export function requireWeights(operator: string, weights: TensorType | undefined, shape: readonly number[]): void {
  if (!weights) return;
  requireF32(operator, [weights], [0]);
  if (shapesEqual(weights.shape, shape)) return;
  throw new ShapeError(
    `${operator}: weights have shape ${formatShape(weights.shape)}, expected [N, C] = ${formatShape(shape)}`,
  );
}

/** The class of channel 0: a single channel is class 1, beside a background that has none. */
export function firstClass(channels: number): number {
  return channels === 1 ? 1 : 0;
}

/** Of an operand [N, ...]. */
export function pixelSizes({ shape: [items = 1, ...space] }: TensorType): [items: number, pixels: number] {
  return [items, elementCount(space)];
}
