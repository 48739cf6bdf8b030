// The gradient of resizing, of images and volumes. Not for users.
import { resizeGradient as rule } from "../../../shaders/sample/resize-grad.wgsl.ts";
import { ShapeError } from "../../errors.ts";
import { elementCount } from "../../tensor.ts";
import { createPlaneGradient, type InputSize } from "../walk/plane-gradient.ts";
import type { SpaceTypes } from "../walk/window.ts";
import { axisSamplings, indexLimit, type Mode, type ResizeAttributes } from "./resize-sampling.ts";

export type ResizeGradientAttributes = ResizeAttributes<SpaceTypes, Mode> & InputSize;

/**
 * Gives each pixel the gradients of the outputs that were made of it, weighted as it was.
 * - gy: [N, C, P, Q]; output: [N, C, inputSize]; volumes have one axis more.
 * Throws ShapeError for sizes too large for the kernels' 32-bit positions.
 */
export const resizeGradient = createPlaneGradient<ResizeGradientAttributes>("resizeGradient", {
  describe({ inputs, attrs }) {
    const samplings = axisSamplings(attrs.inputSize, inputs[0].shape.slice(2), attrs);
    return {
      rule: rule(attrs.mode === "nearest" ? "nearest" : "linear"),
      values: {
        start: samplings.map(({ start }) => start),
        step: samplings.map(({ step }) => step),
        unit: samplings.map(({ unit }) => unit),
        scale: samplings.map(({ unit }) => 1 / unit),
      },
      flat: { start: 0, step: 1, unit: 1, scale: 1 },
      factor: 1,
    };
  },
  terms: ({ inputs, attrs }) =>
    elementCount(inputs[0].shape) * (attrs.mode === "nearest" ? 1 : 2 ** attrs.inputSize.length),
  validate([, , ...sizes], attrs) {
    axisSamplings(attrs.inputSize, sizes, attrs).forEach(({ unit }, axis) => {
      const size = attrs.inputSize[axis]!;
      if ((size + 1) * unit < indexLimit) return;
      throw new ShapeError(`resizeGradient: ${size} to ${sizes[axis]} pixels: too large for 32-bit positions`);
    });
  },
});
