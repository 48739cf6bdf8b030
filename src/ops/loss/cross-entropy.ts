// Cross-entropy of logits with labels, of an index or of a set of admitted classes for each pixel; focal where gamma is set.
import { crossEntropyLoss } from "../../../shaders/loss/cross-entropy.wgsl.ts";
import { ShapeError } from "../../errors.ts";
import type { Operator } from "../operator.ts";
import { requireFinite } from "../walk/operands.ts";
import { type LabelAttributes, type LabelGiven, labelAttributes } from "./labels.ts";
import { createPixelLoss } from "./pixels.ts";

export interface CrossEntropyAttributes extends LabelAttributes {
  readonly gamma: number;
}

export interface CrossEntropyGiven extends LabelGiven {
  /** Exponent of the focal factor (1 - P)^gamma. Default 0: no such factor. */
  readonly gamma?: number;
}

const { loss, gradient } = createPixelLoss<CrossEntropyAttributes, CrossEntropyGiven>({
  name: "crossEntropy",
  attributes({ gamma = 0, ...given }) {
    requireFinite("crossEntropy", { gamma });
    if (gamma < 0) throw new ShapeError(`crossEntropy: gamma is ${gamma}, expected at least 0`);
    return { ...labelAttributes("crossEntropy", given), gamma };
  },
  rule: (t, { gamma }) => crossEntropyLoss(t, { focal: gamma !== 0 }),
  values: ({ gamma }, classes) => ({ classes, gamma }),
});

/**
 * The loss of each pixel, w * (1 - P)^gamma * -log(P) with P the probability, by softmax over the classes, of those that its
 * label admits. It is computed as a difference of log-sum-exps, so that logits of any size give finite losses.
 * - x: logits [N, C, ...]; labels: u32 [N, ...]; weights: f32 [N, C], optional; output: f32 [N, ...] whatever x's type
 * - labels are class indices: P is that class' probability and w its weight; or sets: P is the sum of the probabilities of
 *   the admitted classes, w the mean of their weights.
 * - ignored labels give 0; indices that are neither a class nor ignored give NaN.
 * - gradient: for x, in one dispatch, from x itself; weights are constants.
 * Throws ShapeError unless x is [N, C, ...], labels and weights fit it, sets have at most 32 classes, and gamma is at least 0.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html; focal: T.-Y. Lin et al., Focal Loss for
 * Dense Object Detection, 2017, eq. 5.
 */
export const crossEntropy: Operator<CrossEntropyAttributes, CrossEntropyGiven, 2> = loss;

/**
 * d(loss)/dx of {@link crossEntropy}. Not for users.
 * - g: f32 [N, ...]; x, labels and weights as there; output: of x's shape and type
 */
export const crossEntropyGradient: Operator<CrossEntropyAttributes, CrossEntropyAttributes, 3> = gradient;
