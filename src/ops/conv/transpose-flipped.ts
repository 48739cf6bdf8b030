// Transposed convolutions of stride 1, as which the gradient of every such convolution's input comes: they are convolutions
// themselves, so that what these have serves them too: register tiles, Winograd, and on hardware dilations in matrix products, split channels.

import type { Decomposition, Operator } from "../operator.ts";
import { flipConvWeights } from "./flip-weights.ts";
import { axesOf, type ConvAttributes, type ConvCall } from "./rules.ts";

/** Padding of the convolution along each axis, before the first and behind the last element. */
function flippedPadding({ inputs: [x, weight], outputs: [y], attrs }: ConvCall): number[] {
  const axes = axesOf(attrs);
  const padBefore = axes.map(({ dilation, before }, axis) => dilation * (weight.shape[axis + 2]! - 1) - before);
  const padAfter = axes.map(({ before }, axis) => y.shape[axis + 2]! - x.shape[axis + 2]! + before);
  return [...padBefore, ...padAfter];
}

/** Stride 1, and no padding that crops the input. */
function flippedApplies(call: ConvCall): boolean {
  const isDense = call.attrs.stride.every((step) => step === 1);
  return isDense && flippedPadding(call).every((size) => size >= 0);
}

/** `convTranspose2d/flipped`, `convTranspose3d/flipped`; `conv` is handed in, since its gradient lists these. */
export function flipped(operator: string, conv: () => Operator): Decomposition<ConvAttributes, 2> {
  return {
    name: `${operator}/flipped`,
    applies: flippedApplies,
    build({ inputs: [x, weight, ...others], apply }, call) {
      const { dilation, groups } = call.attrs;
      const kernels = apply("flipped", flipConvWeights, [weight], { groups });
      const given: Partial<ConvAttributes> = { padding: flippedPadding(call), dilation, groups };
      return apply("conv", conv(), [x, kernels, ...others], given, call.epilogue);
    },
  };
}
