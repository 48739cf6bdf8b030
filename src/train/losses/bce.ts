// Cross-entropy of each class against all others, by sigmoids.
import { ShapeError } from "../../errors.ts";
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { add, mul, sub } from "../../ops/elementwise/arithmetic.ts";
import { neg, softplus } from "../../ops/elementwise/unary.ts";
import { binaryCrossEntropy } from "../../ops/loss/binary-cross-entropy.ts";
import { checkOptions, numbers, numeric, oneOf } from "../../options.ts";
import { elementCount, formatShape, shapesEqual } from "../../tensor.ts";
import { itemsAndChannels, number, pixelCount, type Reduction, reduce, weightTable } from "./reduction.ts";

/** Options of `bceWithLogitsLoss`, as in PyTorch. */
export interface BceWithLogitsLossOptions {
  /** Label of pixels that do not count; targets have none. Default 255. */
  readonly ignoreIndex?: number;
  /** Of the positives of each channel; PyTorch's pos_weight. Default 1. */
  readonly classWeights?: readonly number[];
  /** Default `mean`, over pixels and channels. */
  readonly reduction?: Reduction;
}

/**
 * Binary cross-entropy: L = -(1/(N C)) sum_i sum_c (w_c t_ic log p_ic + (1 - t_ic) log(1 - p_ic)), with p = sigmoid(logits), over
 * the N pixels that are not ignored.
 * - logits: [N, C, ...]; result: f32 []
 * - labels: u32 class indices [N, ...], t_ic = 1 where pixel i's label is c; with one channel, it is that of class 1;
 *   or targets t: f32 of the logits' shape, any numbers from 0 to 1.
 * Throws ShapeError for labels, targets or weights that do not fit.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html
 */
export function bceWithLogitsLoss(
  b: GraphBuilder,
  logits: Value,
  labels: Value,
  options: BceWithLogitsLossOptions = {},
): Value {
  const {
    ignoreIndex = 255,
    classWeights,
    reduction,
  } = checkOptions("bceWithLogitsLoss", options, {
    ignoreIndex: numeric,
    classWeights: numbers,
    reduction: oneOf("mean", "sum"),
  });
  const [, channels] = itemsAndChannels(logits);
  const weights = classWeights && weightTable(b, logits, classWeights);
  if (labels.type.dtype !== "u32") {
    const losses = lossesOfTargets(b, { logits, targets: labels }, classWeights);
    return reduce(b, losses, () => number(b, elementCount(logits.type.shape)), reduction);
  }
  const inputs = weights ? [logits, labels, weights] : [logits, labels];
  const losses = b.apply(binaryCrossEntropy, inputs, { ignoreIndex });
  return reduce(b, losses, () => channelCount(b, labels, { channels, ignoreIndex }), reduction);
}

/** Channels of all pixels that count. */
export function channelCount(
  b: GraphBuilder,
  labels: Value,
  { channels, ignoreIndex }: { readonly channels: number; readonly ignoreIndex: number },
): Value {
  const pixels = pixelCount(b, labels, { classes: Math.max(channels, 2), ignoreIndex });
  return b.apply(mul, [pixels, number(b, channels)], {});
}

/** (1 - t) x + (1 + (w - 1) t) log(1 + exp(-x)), which no x overflows. */
function lossesOfTargets(
  b: GraphBuilder,
  { logits, targets }: { readonly logits: Value; readonly targets: Value },
  weights: readonly number[] | undefined,
): Value {
  const { shape } = logits.type;
  if (!shapesEqual(shape, targets.type.shape)) {
    const got = formatShape(targets.type.shape);
    throw new ShapeError(
      `bceWithLogitsLoss: targets have shape ${got}, expected that of the logits, ${formatShape(shape)}`,
    );
  }
  const one = number(b, 1);
  const away = b.apply(mul, [b.apply(sub, [one, targets], {}), logits], {});
  const towards = b.apply(softplus, [b.apply(neg, [logits], {})], {});
  if (!weights) return b.apply(add, [away, towards], {});
  const data = Float32Array.from(weights, (weight) => weight - 1);
  const excess = b.constant("class weights - 1", { shape: [weights.length, ...shape.slice(2).map(() => 1)], data });
  const factor = b.apply(add, [one, b.apply(mul, [excess, targets], {})], {});
  return b.apply(add, [away, b.apply(mul, [factor, towards], {})], {});
}
