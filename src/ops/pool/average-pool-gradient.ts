// The gradients of average pools, fixed and adaptive, of images and volumes. Not for users.
import {
  adaptiveAveragePoolGradient as adaptiveRule,
  averagePoolGradient as averageRule,
} from "../../../shaders/pool/average-pool-grad.wgsl.ts";
import { elementCount } from "../../tensor.ts";
import { dimensions } from "../walk/dimensions.ts";
import { createPlaneGradient, type InputSize } from "../walk/plane-gradient.ts";
import { coverage } from "../walk/window.ts";
import type { AdaptiveAveragePoolAttributes, AveragePoolAttributes } from "./attributes.ts";

export type AveragePoolGradientAttributes = AveragePoolAttributes & InputSize;
export type AdaptiveAveragePoolGradientAttributes = AdaptiveAveragePoolAttributes & InputSize;

/**
 * Gives each pixel its share of the gradients of the windows that averaged it.
 * - gy: [N, C, P, Q]; output: [N, C, inputSize]; volumes have one axis more.
 */
export const averagePoolGradient = createPlaneGradient<AveragePoolGradientAttributes>("averagePoolGradient", {
  describe({ attrs: { kernel, stride, padding, countIncludePad, divisorOverride } }) {
    const counted = countIncludePad ? "padded" : "image";
    return {
      rule: averageRule(divisorOverride === undefined ? counted : "fixed"),
      values: { kernel, stride, pad: padding.slice(0, kernel.length), after: padding.slice(kernel.length) },
      flat: { kernel: 1, stride: 1, pad: 0, after: 0 },
      factor: 1 / (divisorOverride ?? 1),
    };
  },
  terms: ({ inputs, attrs }) => elementCount(inputs[0].shape) * elementCount(attrs.kernel),
});

/** As {@link averagePoolGradient}, of windows that fit the size of gy. */
export const adaptiveAveragePoolGradient = createPlaneGradient<AdaptiveAveragePoolGradientAttributes>(
  "adaptiveAveragePoolGradient",
  {
    describe: () => ({ rule: adaptiveRule, values: {}, flat: {}, factor: 1 }),
    terms({ inputs, attrs: { inputSize } }) {
      const [items, channels, ...windows] = dimensions(inputs[0].shape, 2);
      return inputSize.reduce((product, pixels, axis) => product * coverage(pixels, windows[axis]!), items * channels);
    },
  },
);
