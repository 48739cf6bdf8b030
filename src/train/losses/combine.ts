// Losses of losses: weighted sums, and deep supervision over several outputs of a network.
import { ShapeError, UsageError } from "../../errors.ts";
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { add, mul } from "../../ops/elementwise/arithmetic.ts";
import { gather } from "../../ops/move/gather.ts";
import { formatShape, type Shape } from "../../tensor.ts";
import { number } from "./reduction.ts";

/** A loss, f32 [], and its factor in a sum. */
export interface WeightedLoss {
  readonly loss: Value;
  /** Default 1. */
  readonly weight?: number;
}

/** sum_j weight_j loss_j, in their order. Throws UsageError without any. */
export function weightedSum(b: GraphBuilder, losses: readonly WeightedLoss[]): Value {
  const [first, ...rest] = losses.map(({ loss, weight = 1 }) =>
    weight === 1 ? loss : b.apply(mul, [loss, number(b, weight)], {}),
  );
  if (!first) throw new UsageError("weightedSum: got no losses, expected at least one");
  return rest.reduce((sumSoFar, loss) => b.apply(add, [sumSoFar, loss], {}), first);
}

/** A loss of logits [N, C, ...] and labels u32 [N, ...], f32 []. */
export type Loss = (b: GraphBuilder, logits: Value, labels: Value) => Value;

/**
 * Deep supervision: sum_j weights[j] * loss(outputs[j], labels), each output with the labels at its own size: those of the pixels
 * nearest to the centres of its own (PyTorch's "nearest-exact"). So nothing is upsampled, and partial labels stay what they are.
 * - outputs: logits [N, C, ...] of any sizes; labels: u32 [N, ...]; weights: default 1 each
 * Throws UsageError for another number of weights than of outputs, ShapeError where an output has other axes than the labels.
 * Source: C.-Y. Lee et al., Deeply-Supervised Nets, 2015.
 */
export function deepSupervision(
  b: GraphBuilder,
  outputs: readonly Value[],
  labels: Value,
  loss: Loss,
  weights: readonly number[] = outputs.map(() => 1),
): Value {
  if (weights.length !== outputs.length) {
    throw new UsageError(
      `deepSupervision: got ${weights.length} weights, expected one for each of ${outputs.length} outputs`,
    );
  }
  const losses = outputs.map((logits, j) => {
    const own = resizeLabels(b, labels, logits.type.shape.slice(2));
    return { loss: loss(b, logits, own), weight: weights[j]! };
  });
  return weightedSum(b, losses);
}

/** Labels [N, ...] at another size: those of the nearest pixels. */
function resizeLabels(b: GraphBuilder, labels: Value, size: Shape): Value {
  const from = labels.type.shape.slice(1);
  if (from.length !== size.length) {
    throw new ShapeError(`deepSupervision: got labels ${formatShape(from)} for an output ${formatShape(size)}`);
  }
  return from.reduce((value, count, axis) => {
    const wanted = size[axis]!;
    if (wanted === count) return value;
    const nearest = (i: number) => Math.floor(((2 * i + 1) * count) / (2 * wanted));
    const data = Int32Array.from({ length: wanted }, (_, i) => nearest(i));
    return b.apply(gather, [value, b.constant("nearest", { shape: [wanted], data })], { axis: axis + 1 });
  }, labels);
}
