// From losses of pixels to one number.

import { ShapeError } from "../../errors.ts";
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { div, maximum } from "../../ops/elementwise/arithmetic.ts";
import { type PixelWeightsGiven, pixelWeights } from "../../ops/loss/pixel-weights.ts";
import { sum } from "../../ops/reduce/sum-expand.ts";

/** `mean` over the pixels that count, or their `sum`. Default `mean`. */
export type Reduction = "mean" | "sum";

/** Of [N, ...], lines first: a sum by one workgroup would leave a GPU idle, and lose more digits. */
export function total(b: GraphBuilder, value: Value): Value {
  const lines = value.type.shape.length > 1 ? b.apply(sum, [value], { axes: [-1] }) : value;
  return b.apply(sum, [lines], {});
}

/** a / b, and 0 where both are 0: where no pixel counts there is nothing to learn. */
export function ratio(b: GraphBuilder, numerator: Value, denominator: Value): Value {
  return b.apply(div, [numerator, b.apply(maximum, [denominator, number(b, 1e-30)], {})], {});
}

/** How many pixels count, or the sum of their weights. */
export function pixelCount(b: GraphBuilder, labels: Value, given: PixelWeightsGiven, weights?: Value): Value {
  return total(b, b.apply(pixelWeights, weights ? [labels, weights] : [labels], given));
}

/** The pixels' losses by their number, or by the sum of their weights. */
export function reduce(b: GraphBuilder, losses: Value, count: () => Value, reduction: Reduction = "mean"): Value {
  const numerator = total(b, losses);
  return reduction === "sum" ? numerator : ratio(b, numerator, count());
}

export function number(b: GraphBuilder, value: number): Value {
  return b.constant(String(value), { shape: [], data: Float32Array.of(value) });
}

/** Of x [N, C, ...]. What is not of this form the operators of the losses refuse. */
export function itemsAndChannels({ type }: Value): readonly [items: number, channels: number] {
  const [items = 1, channels = 1] = type.shape;
  return [items, channels];
}

/** The weights of classes for each item of x [N, C, ...]: f32 [N, C]. Throws ShapeError unless there are C. */
export function weightTable(b: GraphBuilder, x: Value, weights: readonly number[]): Value {
  const [items, classes] = itemsAndChannels(x);
  requireClassWeights(weights, classes);
  const data = Float32Array.from(Array<readonly number[]>(items).fill(weights).flat());
  return b.constant("class weights", { shape: [items, classes], data });
}

/** Throws ShapeError unless there is one weight for each class. */
export function requireClassWeights(weights: readonly number[], classes: number): void {
  if (weights.length === classes) return;
  throw new ShapeError(`loss: got ${weights.length} class weights, expected one for each of ${classes} classes`);
}
