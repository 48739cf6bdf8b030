// How much each pixel counts in a mean over pixels.
import { pixelWeightsShader, pixelWeightsSpec } from "../../../shaders/loss/pixel-weights.wgsl.ts";
import { ShapeError } from "../../errors.ts";
import type { TensorType } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operand, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { flatGrid } from "../walk/strided.ts";
import {
  type LabelAttributes,
  type LabelGiven,
  labelAttributes,
  requireBits,
  requireWeights,
  walkPixels,
} from "./labels.ts";

export interface PixelWeightsAttributes extends LabelAttributes {
  readonly classes: number;
}

export interface PixelWeightsGiven extends LabelGiven {
  /** C. */
  readonly classes: number;
}

const pixels: Kernel<PixelWeightsAttributes> = {
  name: "pixelWeights/pixels",
  applies: () => true,
  views: "all",
  dispatches({ inputs, outputs, attrs }, device) {
    const [labels, weights] = inputs as [Operand, Operand?];
    const plan = walkPixels(labels, { labels, y: outputs[0]! }, weights);
    return [
      {
        code: pixelWeightsShader({ ...plan.template, labels: attrs.labels, weights: weights !== undefined }),
        bindings: [...inputs.map((_, input) => ({ input })), { output: 0 }],
        params: params(pixelWeightsSpec(plan.template), {
          ...plan.values,
          classes: attrs.classes,
          ignore_index: attrs.ignoreIndex,
        }),
        workgroups: flatGrid(plan.count, device),
      },
    ];
  },
};

/**
 * The weight of each pixel in a mean of {@link crossEntropy}: 0 where its label is ignored, else the weight of its class, or the
 * mean weight of the classes that it admits; 1 without weights. NaN where the label is neither a class nor ignored.
 * - labels: u32 [N, ...]; weights: f32 [N, C], optional; output: f32 [N, ...]
 * - gradient: none; it does not depend on logits, and weights are constants.
 * Throws ShapeError unless labels are u32 with a batch axis, weights fit them, and sets have at most 32 classes.
 */
export const pixelWeights: Operator<PixelWeightsAttributes, PixelWeightsGiven> = {
  name: "pixelWeights",
  attributes: ({ classes, ...given }) => ({ ...labelAttributes("pixelWeights", given), classes }),
  shape(inputs, { classes, labels: form }) {
    const [labels, weights] = inputs as [TensorType, TensorType?];
    if (labels.dtype !== "u32") throw new ShapeError(`pixelWeights: labels are ${labels.dtype}, expected u32`);
    if (labels.shape.length === 0) throw new ShapeError("pixelWeights: labels have shape [], expected [N, ...]");
    requireWeights("pixelWeights", weights, [labels.shape[0]!, classes]);
    if (form === "sets") requireBits("pixelWeights", classes);
    return [{ shape: labels.shape, dtype: "f32" }];
  },
  cost: (call) => ({ flop: 0, bytes: operandBytes(call) }),
  fullInputs: [1],
  kernels: [pixels],
};
