// Losses that take the logarithm of a probability by softmax: cross-entropy and its relatives.
import { UsageError } from "../../errors.ts";
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { mul, pow, sub } from "../../ops/elementwise/arithmetic.ts";
import { binaryCrossEntropy } from "../../ops/loss/binary-cross-entropy.ts";
import { classCounts } from "../../ops/loss/class-counts.ts";
import { type CrossEntropyGiven, crossEntropy } from "../../ops/loss/cross-entropy.ts";
import { expand, sum } from "../../ops/reduce/sum-expand.ts";
import { checkOptions, either, numbers, numeric, oneOf } from "../../options.ts";
import {
  itemsAndChannels,
  number,
  pixelCount,
  type Reduction,
  ratio,
  reduce,
  requireClassWeights,
  weightTable,
} from "./reduction.ts";

const weightRules = { classWeights: numbers, reduction: oneOf("mean", "sum") };
const crossEntropyRules = { ...weightRules, ignoreIndex: numeric };

/** Options of `crossEntropyLoss`, as in PyTorch. */
export interface CrossEntropyLossOptions {
  /** Label of pixels that do not count. Default 255. */
  readonly ignoreIndex?: number;
  /** One for each class. Default 1. */
  readonly classWeights?: readonly number[];
  /** Default `mean`. */
  readonly reduction?: Reduction;
}

/**
 * Cross-entropy: L = -sum_i w[y_i] log softmax(x_i)[y_i] / sum_i w[y_i], over the pixels i that are not ignored; 0 where there
 * is none (PyTorch: NaN).
 * - logits x: [N, C, ...]; labels y: u32 class indices [N, ...]; result: f32 []
 * Throws ShapeError for labels or weights that do not fit.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
 */
export function crossEntropyLoss(
  b: GraphBuilder,
  logits: Value,
  labels: Value,
  options: CrossEntropyLossOptions = {},
): Value {
  const { ignoreIndex = 255, classWeights, reduction } = checkOptions("crossEntropyLoss", options, crossEntropyRules);
  return weighted(b, { logits, labels }, { ignoreIndex }, { classWeights, reduction });
}

/** Options of `partialLabelLoss`. */
export interface PartialLabelLossOptions extends Omit<CrossEntropyLossOptions, "ignoreIndex"> {}

/**
 * Cross-entropy with partial labels, where a pixel admits a set A_i of classes: L = -sum_i w_i log(sum over c in A_i of
 * softmax(x_i)[c]) / sum_i w_i, w_i the mean weight of A_i. So data sets that label different structures train one network: where
 * a set labels discs alone, all of its other pixels admit every class but the disc.
 * - logits x: [N, C, ...], at most 32 classes; sets: u32 [N, ...], bit c set where class c is admitted; result: f32 []
 * - pixels that admit no class, or all, do not count.
 * Throws ShapeError for sets or weights that do not fit.
 * Source: G. Shi et al., Marginal loss and exclusion loss for partially supervised multi-organ segmentation, 2021.
 */
export function partialLabelLoss(
  b: GraphBuilder,
  logits: Value,
  sets: Value,
  options: PartialLabelLossOptions = {},
): Value {
  const { classWeights, reduction } = checkOptions("partialLabelLoss", options, weightRules);
  return weighted(b, { logits, labels: sets }, { labels: "sets" }, { classWeights, reduction });
}

/** The weighted mean of cross-entropies. */
function weighted(
  b: GraphBuilder,
  { logits, labels }: { readonly logits: Value; readonly labels: Value },
  form: CrossEntropyGiven,
  { classWeights, reduction }: { classWeights: readonly number[] | undefined; reduction: Reduction | undefined },
): Value {
  const weights = classWeights && weightTable(b, logits, classWeights);
  const losses = b.apply(crossEntropy, weights ? [logits, labels, weights] : [logits, labels], form);
  const [, classes] = itemsAndChannels(logits);
  return reduce(b, losses, () => pixelCount(b, labels, { ...form, classes }, weights), reduction);
}

/** Options of `sizeAdaptiveLoss`. */
export interface SizeAdaptiveLossOptions {
  /** Exponent; 0 makes it cross-entropy. Default 1, the paper's best. */
  readonly alpha?: number;
  /** Where the share S_c of each class is from: the batch's labels, those of each image by itself, or a table. Default `batch`. */
  readonly shares?: "batch" | "image" | readonly number[];
  /** Label of pixels that do not count, neither in S nor in N. Default 255. */
  readonly ignoreIndex?: number;
}

/**
 * Size-adaptive loss: L = -(1/N) sum_i sum_c (1 - S_c)^alpha y_ic log p_ic, with p = softmax(logits), N the number of pixels and
 * S_c the fraction of them that belong to class c. Ignored pixels belong to no class and are not among the N.
 * - logits: [N, C, ...]; labels: u32 class indices [N, ...]; result: f32 []
 * Throws ShapeError for labels or a table that do not fit, UsageError for shares that are not from 0 to 1
 * and for an alpha below 0.
 * Source: Y. Zhang et al., Accurate Segmentation of Lumbar Spine Magnetic Resonance Imaging by Deep Neural Network with
 * Size-Adaptive Loss, 2023, eq. 3.
 */
export function sizeAdaptiveLoss(
  b: GraphBuilder,
  logits: Value,
  labels: Value,
  options: SizeAdaptiveLossOptions = {},
): Value {
  const {
    alpha = 1,
    shares = "batch",
    ignoreIndex = 255,
  } = checkOptions("sizeAdaptiveLoss", options, {
    alpha: numeric,
    shares: either(oneOf("batch", "image"), numbers),
    ignoreIndex: numeric,
  });
  if (!(alpha >= 0)) throw new UsageError(`sizeAdaptiveLoss: alpha is ${alpha}, expected at least 0`);
  const weights =
    typeof shares === "string"
      ? measuredWeights(b, { logits, labels }, { alpha, shares, ignoreIndex })
      : weightTable(b, logits, shareWeights(shares, alpha));
  const losses = b.apply(crossEntropy, [logits, labels, weights], { ignoreIndex });
  const [, classes] = itemsAndChannels(logits);
  return reduce(b, losses, () => pixelCount(b, labels, { ignoreIndex, classes }));
}

function shareWeights(shares: readonly number[], alpha: number): readonly number[] {
  if (shares.every((share) => share >= 0 && share <= 1)) return shares.map((share) => (1 - share) ** alpha);
  throw new UsageError(`sizeAdaptiveLoss: got shares ${shares.join(", ")}, expected numbers from 0 to 1`);
}

/** (1 - S)^alpha [N, C] of the labels at hand. */
function measuredWeights(
  b: GraphBuilder,
  { logits, labels }: { readonly logits: Value; readonly labels: Value },
  { alpha, shares, ignoreIndex }: { alpha: number; shares: "batch" | "image"; ignoreIndex: number },
): Value {
  const [items, classes] = itemsAndChannels(logits);
  const found = b.apply(classCounts, [labels], { classes });
  const data = Float32Array.from({ length: classes }, (_, c) => (c === ignoreIndex ? 0 : 1));
  const counts = b.apply(mul, [found, b.constant("classes that count", { shape: [1, classes], data })], {});
  const own = shares === "batch" ? b.apply(sum, [counts], { axes: [0], keepDim: true }) : counts;
  const pixels = b.apply(sum, [own], { axes: [1], keepDim: true });
  const share = ratio(b, own, pixels);
  const weights = b.apply(pow, [b.apply(sub, [number(b, 1), share], {}), number(b, alpha)], {});
  return b.apply(expand, [weights], { shape: [items, classes] });
}

/** Options of `focalLoss`. */
export interface FocalLossOptions extends CrossEntropyLossOptions {
  /** Exponent; 0 makes it cross-entropy. Default 2. */
  readonly gamma?: number;
  /** Weight of class 1 and above; class 0, the background, has 1 - alpha. Default: none, all have 1. */
  readonly alpha?: number;
}

/**
 * Focal loss: L = -(1/N) sum_i a_i (1 - p_i)^gamma log p_i, with p_i the probability of pixel i's label, a_i its weight: alpha's
 * times that of `classWeights`, and N the number of pixels that are not ignored. p = softmax(logits), or with one channel
 * sigmoid(logits), which is the probability of class 1.
 * - logits: [N, C, ...]; labels: u32 class indices [N, ...]; result: f32 []
 * Throws ShapeError for labels or weights that do not fit.
 * Source: T.-Y. Lin et al., Focal Loss for Dense Object Detection, 2017, eq. 5;
 * https://pytorch.org/vision/stable/generated/torchvision.ops.sigmoid_focal_loss.html
 */
export function focalLoss(b: GraphBuilder, logits: Value, labels: Value, options: FocalLossOptions = {}): Value {
  const rules = { ...crossEntropyRules, gamma: numeric, alpha: numeric };
  const { gamma = 2, alpha, classWeights, ignoreIndex = 255, reduction } = checkOptions("focalLoss", options, rules);
  const [, channels] = itemsAndChannels(logits);
  const classes = Math.max(channels, 2);
  const balance = (c: number) => (alpha === undefined ? 1 : c === 0 ? 1 - alpha : alpha);
  const weights = (classWeights ?? Array<number>(classes).fill(1)).map((weight, c) => weight * balance(c));
  requireClassWeights(weights, classes);
  const table = weightTable(b, logits, channels === 1 ? weights.slice(1) : weights);
  const inputs = [logits, labels, table];
  const losses =
    channels === 1
      ? b.apply(binaryCrossEntropy, inputs, { ignoreIndex, factor: "focal", gamma, negativeWeight: weights[0] ?? 1 })
      : b.apply(crossEntropy, inputs, { ignoreIndex, gamma });
  return reduce(b, losses, () => pixelCount(b, labels, { ignoreIndex, classes }), reduction);
}
