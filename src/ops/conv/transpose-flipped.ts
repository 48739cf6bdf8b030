// Transposed convolutions of stride 1, as which the gradient of every such convolution's input comes: they are convolutions
// themselves, so that what these have serves them too: register tiles, Winograd, and on hardware dilations in matrix products, split channels.

import type { Call, Decomposition, Operator } from "../operator.ts";
import { flipConvWeights } from "./flip-weights.ts";
import type { ConvAttributes } from "./rules.ts";

/** Padding of the convolution along each axis, before the first and behind the last element. */
function flippedPadding({ inputs, outputs, attrs }: Call<ConvAttributes>): number[] {
  const [size, kernel, outSize] = [inputs[0]!, inputs[1]!, outputs[0]!].map(({ shape }) => shape.slice(2));
  const reach = kernel!.map((taps, axis) => attrs.dilation[axis]! * (taps - 1));
  const before = reach.map((taps, axis) => taps - attrs.padding[axis]!);
  const after = reach.map((taps, axis) => outSize![axis]! + taps - size![axis]! - before[axis]!);
  return [...before, ...after];
}

/** Stride 1, and no padding that crops the input. */
export function flippedApplies(call: Call<ConvAttributes>): boolean {
  const isDense = call.attrs.stride.every((step) => step === 1);
  return isDense && flippedPadding(call).every((size) => size >= 0);
}

/** `convTranspose2d/flipped`, `convTranspose3d/flipped`; `conv` is handed in, since its gradient lists these. */
export function flipped(operator: string, conv: () => Operator): Decomposition<ConvAttributes> {
  return {
    name: `${operator}/flipped`,
    applies: flippedApplies,
    build({ inputs: [x, weight, ...others], apply }, call) {
      const { dilation, groups } = call.attrs;
      const kernels = apply("flipped", flipConvWeights, [weight!], { groups });
      const given: Partial<ConvAttributes> = { padding: flippedPadding(call), dilation, groups };
      return apply("conv", conv(), [x!, kernels, ...others], given, call.epilogue);
    },
  };
}
