// Cross-entropy of each class against all others, by sigmoids; focal, or with ANU-Net's factor.
import { type BinaryFactor, binaryCrossEntropyLoss } from "../../../shaders/loss/binary-cross-entropy.wgsl.ts";
import { ShapeError } from "../../errors.ts";
import type { Operator } from "../operator.ts";
import { requireFinite } from "../walk/operands.ts";
import { firstClass, requireIgnoreIndex } from "./labels.ts";
import { createPixelLoss } from "./pixels.ts";

export interface BinaryCrossEntropyAttributes {
  readonly ignoreIndex: number;
  readonly negativeWeight: number;
  readonly factor: BinaryFactor;
  readonly gamma: number;
  readonly margin: number;
}

export interface BinaryCrossEntropyGiven {
  /** The index of pixels that do not count. Default 255. */
  readonly ignoreIndex?: number;
  /** Weight of the classes that a pixel is not of. Default 1. */
  readonly negativeWeight?: number;
  /** What the loss of each channel is multiplied by. Default `plain`: nothing. */
  readonly factor?: BinaryFactor;
  /** Exponent of the factor. Default 2. */
  readonly gamma?: number;
  /** The least distance from 0.5 that the factor `margin` divides by. Default 0.1. */
  readonly margin?: number;
}

const { loss, gradient } = createPixelLoss<BinaryCrossEntropyAttributes, BinaryCrossEntropyGiven>({
  name: "binaryCrossEntropy",
  attributes({ negativeWeight = 1, factor = "plain", gamma = 2, margin = 0.1, ignoreIndex }) {
    requireFinite("binaryCrossEntropy", { negativeWeight, gamma, margin });
    if (gamma < 0) throw new ShapeError(`binaryCrossEntropy: gamma is ${gamma}, expected at least 0`);
    if (margin <= 0) throw new ShapeError(`binaryCrossEntropy: margin is ${margin}, expected above 0`);
    return {
      ignoreIndex: requireIgnoreIndex("binaryCrossEntropy", ignoreIndex),
      negativeWeight,
      factor,
      gamma,
      margin,
    };
  },
  rule: (t, attrs) => binaryCrossEntropyLoss(t, attrs),
  values({ gamma, margin, negativeWeight }, channels) {
    const first = firstClass(channels);
    return { classes: first + channels, channels, first_class: first, gamma, margin, negative_weight: negativeWeight };
  },
});

/**
 * The loss of each pixel summed over its classes, each against all others: -w * m * log(p) of the class that the label names, and
 * -negativeWeight * m * log(1 - p) of the others, with p = sigmoid(x). Logits of any size give finite losses.
 * - x: logits [N, C, ...]; labels: u32 class indices [N, ...]; with one channel, it is that of class 1 and labels are 0 or 1;
 *   weights: f32 [N, C], w, optional; output: f32 [N, ...] whatever x's type
 * - m is 1 for the factor `plain`; (1 - q)^gamma for `focal`, with q the probability of what is right; for `margin`
 *   1 / max(|p - 0.5|, margin)^gamma.
 * - ignored labels give 0; indices that are neither a class nor ignored give NaN.
 * - gradient: for x, in one dispatch, from x itself; weights are constants, and so is the factor `margin`: through it the
 *   gradient would push a pixel on the wrong side of 0.5 away from 0.5.
 * Throws ShapeError unless x is [N, C, ...], labels and weights fit it, gamma is at least 0 and the margin above 0.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html; focal: T.-Y. Lin et al., Focal Loss for
 * Dense Object Detection, 2017, eq. 5; margin: C. Li et al., ANU-Net, 2020, eq. 8.
 */
export const binaryCrossEntropy: Operator<BinaryCrossEntropyAttributes, BinaryCrossEntropyGiven, 2> = loss;

/**
 * d(loss)/dx of {@link binaryCrossEntropy}. Not for users.
 * - g: f32 [N, ...]; x, labels and weights as there; output: of x's shape and type
 */
export const binaryCrossEntropyGradient: Operator<BinaryCrossEntropyAttributes, BinaryCrossEntropyAttributes, 3> =
  gradient;
