// How much each pixel counts in a mean over pixels.
import { pixelWeightsKernel } from "../../../shaders/loss/pixel-weights.wgsl.ts";
import { ShapeError } from "../../errors.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operator } from "../operator.ts";
import { type LabelAttributes, type LabelGiven, labelAttributes, requireBits, requireWeights } from "./labels.ts";
import { alongPixels, pixelDispatch } from "./pixels.ts";

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
  dispatches(call, device) {
    const [labels, weights] = call.inputs;
    const { labels: form, classes, ignoreIndex } = call.attrs;
    const arrays = { labels: alongPixels(labels), y: alongPixels(call.outputs[0]) };
    const values = { classes, ignore_index: ignoreIndex };
    const request = { labels, form, weights, storage: "f32", arrays, kernel: pixelWeightsKernel, values } as const;
    return [pixelDispatch(device, request)];
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
  shape([labels, weights], { classes, labels: form }) {
    if (labels.dtype !== "u32") throw new ShapeError(`pixelWeights: labels are ${labels.dtype}, expected u32`);
    const [items] = labels.shape;
    if (items === undefined) throw new ShapeError("pixelWeights: labels have shape [], expected [N, ...]");
    requireWeights("pixelWeights", weights, [items, classes]);
    if (form === "sets") requireBits("pixelWeights", classes);
    return [{ shape: labels.shape, dtype: "f32" }];
  },
  cost: (call) => ({ flop: 0, bytes: operandBytes(call) }),
  fullInputs: [1],
  kernels: [pixels],
};
