// The gradients of average pools, fixed and adaptive, of images and volumes. Not for users.
import {
  adaptiveAveragePoolGradient as adaptiveRule,
  averagePoolGradient as averageRule,
} from "../../../shaders/pool/average-pool-grad.wgsl.ts";
import { elementCount } from "../../tensor.ts";
import { createPlaneGradient, type InputSize } from "../walk/plane-gradient.ts";
import { coverage, type SpaceTypes } from "../walk/window.ts";
import type { AdaptiveAveragePoolAttributes } from "./adaptive-average-pool.ts";
import type { AveragePoolAttributes } from "./average-pool.ts";

export type AveragePoolGradientAttributes = AveragePoolAttributes<SpaceTypes> & InputSize;
export type AdaptiveAveragePoolGradientAttributes = AdaptiveAveragePoolAttributes<SpaceTypes> & InputSize;

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
  terms: ({ inputs, attrs }) => elementCount(inputs[0]!.shape) * elementCount(attrs.kernel),
});

/** As {@link averagePoolGradient}, of windows that fit the size of gy. */
export const adaptiveAveragePoolGradient = createPlaneGradient<AdaptiveAveragePoolGradientAttributes>(
  "adaptiveAveragePoolGradient",
  {
    describe: () => ({ rule: adaptiveRule, values: {}, flat: {}, factor: 1 }),
    terms({ inputs, attrs: { inputSize } }) {
      const [items, channels, ...windows] = inputs[0]!.shape as [number, number, ...number[]];
      return inputSize.reduce((product, pixels, axis) => product * coverage(pixels, windows[axis]!), items * channels);
    },
  },
);
