// Losses of overlap: soft Dice, and ANU-Net's hybrid of it with a focal cross-entropy.
import { ShapeError, UsageError } from "../../errors.ts";
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { sigmoid } from "../../ops/elementwise/activations.ts";
import { add, mul, sub } from "../../ops/elementwise/arithmetic.ts";
import { binaryCrossEntropy } from "../../ops/loss/binary-cross-entropy.ts";
import { classOverlap } from "../../ops/loss/class-overlap.ts";
import { softmax } from "../../ops/norm/softmax.ts";
import { sum } from "../../ops/reduce/sum-expand.ts";
import { checkOptions, flag, numbers, numeric, oneOf } from "../../options.ts";
import { channelCount } from "./bce.ts";
import { itemsAndChannels, number, ratio, reduce, weightTable } from "./reduction.ts";

/** Options of `diceLoss`. */
export interface DiceLossOptions {
  /** s, which keeps the ratio of small classes smooth. Default 1. */
  readonly smoothing?: number;
  /** Squares the probabilities in the denominator, as V-Net and ANU-Net do. Default false. */
  readonly squared?: boolean;
  /** What a ratio is taken of: all pixels of the batch, or those of each image by itself. Default `batch`. */
  readonly over?: "batch" | "image";
  /** Weights of the classes' ratios; a 0 leaves a class out, such as the background. Default 1. */
  readonly classWeights?: readonly number[];
  /** Label of pixels that do not count. Default 255. */
  readonly ignoreIndex?: number;
  /** Default `softmax`; with one channel, which is that of class 1, `sigmoid`. */
  readonly activation?: "softmax" | "sigmoid";
}

/**
 * Soft Dice loss: L = 1 - sum_c w_c D_c / sum_c w_c, D_c = (2 sum_i p_ic t_ic + s) / (sum_i p_ic + sum_i t_ic + s), over the
 * pixels i that are not ignored; p_ic^2 in place of the second p_ic if `squared`. t_ic = 1 where pixel i's label is c. Over each image
 * by itself, the mean of all images' D_c.
 * - logits: [N, C, ...]; labels: u32 class indices [N, ...]; result: f32 []
 * Throws ShapeError for labels or weights that do not fit, UsageError for a smoothing below 0.
 * Source: F. Milletari et al., V-Net, 2016, section 3; ANU-Net, 2020, eq. 5.
 */
export function diceLoss(b: GraphBuilder, logits: Value, labels: Value, options: DiceLossOptions = {}): Value {
  const {
    smoothing = 1,
    squared = false,
    over = "batch",
    classWeights,
    ignoreIndex = 255,
    activation,
  } = checkOptions("diceLoss", options, {
    smoothing: numeric,
    squared: flag,
    over: oneOf("batch", "image"),
    classWeights: numbers,
    ignoreIndex: numeric,
    activation: oneOf("softmax", "sigmoid"),
  });
  if (!(smoothing >= 0)) throw new UsageError(`diceLoss: smoothing is ${smoothing}, expected at least 0`);
  const [items, channels] = itemsAndChannels(logits);
  const useSigmoid = (activation ?? (channels === 1 ? "sigmoid" : "softmax")) === "sigmoid";
  if (channels === 1 && !useSigmoid) throw new UsageError("diceLoss: softmax of one channel is 1 everywhere");
  const probabilities = useSigmoid ? b.apply(sigmoid, [logits], {}) : b.apply(softmax, [logits], {});
  const sums = b.applyAll(classOverlap, [probabilities, labels], { squared, ignoreIndex });
  const joined = over === "batch" ? sums.map((value) => b.apply(sum, [value], { axes: [0], keepDim: true })) : sums;
  const [intersection, predicted, labelled] = joined as [Value, Value, Value];
  const s = number(b, smoothing);
  const both = b.apply(add, [intersection, intersection], {});
  const sizes = b.apply(add, [predicted, labelled], {});
  const coefficients = ratio(b, b.apply(add, [both, s], {}), b.apply(add, [sizes, s], {}));
  const weights = meanWeights(classWeights ?? Array<number>(channels).fill(1), channels, over === "batch" ? 1 : items);
  const weighted = b.apply(mul, [coefficients, b.constant("class weights", { shape: [channels], data: weights })], {});
  return b.apply(sub, [number(b, 1), b.apply(sum, [weighted], {})], {});
}

/** Weights that add up to 1 over the classes of all rows. */
function meanWeights(weights: readonly number[], classes: number, rows: number): Float32Array {
  const whole = weights.reduce((total, weight) => total + weight, 0);
  if (weights.length !== classes || !(whole > 0)) {
    const got = weights.join(", ");
    throw new ShapeError(`diceLoss: got class weights ${got}, expected ${classes} with a sum above 0`);
  }
  return Float32Array.from(weights, (weight) => weight / whole / rows);
}

/** Options of `hybridLoss`, named as in equation 8 of ANU-Net. */
export interface HybridLossOptions {
  /** Weight of the positives. Default 0.25. */
  readonly alpha?: number;
  /** Weight of the negatives. Default 1 - alpha; 0 leaves them out, as equation 8 is printed. */
  readonly negativeAlpha?: number;
  /** Exponent of |p - 0.5|. Default 2, as the paper recommends. */
  readonly gamma?: number;
  /** The least |p - 0.5| that is divided by. Default 0.1 (our choice). */
  readonly margin?: number;
  /** s. Default 1. */
  readonly smoothing?: number;
  /** Label of pixels that do not count. Default 255. */
  readonly ignoreIndex?: number;
}

/**
 * ANU-Net's hybrid loss of one output, equation 8:
 *
 *     L = 1 - mean over pixels i and channels c of a_ic log(q_ic) / max(|p_ic - 0.5|, margin)^gamma
 *           - mean over channels c of (2 sum_i p_ic t_ic + s) / (sum_i p_ic^2 + sum_i t_ic^2 + s)
 *
 * with p = sigmoid(logits), t_ic = 1 where pixel i's label is c, q = p and a = alpha where t = 1, q = 1 - p and a = negativeAlpha
 * elsewhere. What the paper leaves open is as follows: the equation prints positives alone, though its text weighs negatives
 * too (`negativeAlpha: 0` is the print); it divides by 0 at p = 0.5, hence the margin; and the factor 1 / |p - 0.5|^gamma is a constant
 * of the gradient, since through it a pixel on the wrong side of 0.5 would be pushed further away. The sum over the
 * outputs is that of {@link deepSupervision}.
 * - logits: [N, C, ...]; labels: u32 class indices [N, ...]; with one channel, it is that of class 1; result: f32 []
 * Throws ShapeError for labels that do not fit, a gamma below 0 or a margin of 0.
 * Source: C. Li et al., ANU-Net: Attention-based nested U-Net to exploit full resolution features, 2020, eq. 8.
 */
export function hybridLoss(b: GraphBuilder, logits: Value, labels: Value, options: HybridLossOptions = {}): Value {
  const {
    alpha = 0.25,
    negativeAlpha = 1 - alpha,
    gamma = 2,
    margin = 0.1,
    smoothing = 1,
    ignoreIndex = 255,
  } = checkOptions("hybridLoss", options, {
    alpha: numeric,
    negativeAlpha: numeric,
    gamma: numeric,
    margin: numeric,
    smoothing: numeric,
    ignoreIndex: numeric,
  });
  const [, channels] = itemsAndChannels(logits);
  const weights = weightTable(b, logits, Array<number>(channels).fill(alpha));
  const form = { factor: "margin", negativeWeight: negativeAlpha, gamma, margin, ignoreIndex } as const;
  const losses = b.apply(binaryCrossEntropy, [logits, labels, weights], form);
  const focal = reduce(b, losses, () => channelCount(b, labels, { channels, ignoreIndex }));
  const dice = diceLoss(b, logits, labels, { smoothing, squared: true, ignoreIndex, activation: "sigmoid" });
  return b.apply(add, [focal, dice], {});
}
