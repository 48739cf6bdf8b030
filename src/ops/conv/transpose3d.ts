// 3-D transposed convolution: the adjoint of `conv3d` with respect to its input, as in PyTorch.

import { fanInUniform } from "../initial.ts";
import type { Operator } from "../operator.ts";
import { type VolumeTypes, volume } from "../walk/window.ts";
import { conv3d } from "./conv3d.ts";
import { gemmKernels } from "./gemm.ts";
import { convTransposeGradient } from "./gradients.ts";
import { preferConv } from "./preference.ts";
import {
  type ConvTransposeAttributes,
  type ConvTransposeGiven,
  convTransposeAttributes,
  convTransposeCost,
  convTransposeShape,
} from "./rules.ts";
import { subgroup } from "./subgroup.ts";
import { flipped } from "./transpose-flipped.ts";
import { transposedDirect, transposedGather, transposedPhase } from "./transpose-kernels.ts";

export type ConvTranspose3dAttributes = ConvTransposeAttributes<VolumeTypes>;
export type ConvTranspose3dGiven = ConvTransposeGiven<VolumeTypes>;

/**
 * Spreads each element of a volume over the output through K kernels, and sums where they overlap.
 * - x: [N, C, D, H, W]; weight: [C, K/groups, T, R, S]; optional bias: [K];
 *   output: [N, K, (D - 1)*stride - front - back + dilation*(T - 1) + outputPadding + 1, ...]
 * - epilogue: bias, residual and activation are computed in the same dispatch.
 * - gradient: of x the convolution of gy, of the weight a sum over all pixels in a fixed order.
 * Throws ShapeError if the channels do not match the weight and the groups, if outputPadding is smaller than neither
 * stride nor dilation, or if nothing is left of the output.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose3d.html
 */
export const convTranspose3d: Operator<ConvTranspose3dAttributes, ConvTranspose3dGiven> = {
  name: "convTranspose3d",
  epilogue: true,
  attributes: (given) => convTransposeAttributes("convTranspose3d", volume, given),
  shape: (inputs, attrs) => convTransposeShape("convTranspose3d", volume, inputs, attrs),
  cost: convTransposeCost,
  initial: fanInUniform,
  gradient: convTransposeGradient(() => conv3d),
  channelScale: ({ groups }) => (groups === 1 ? { input: 1, axis: 1 } : undefined),
  kernels: [
    transposedDirect("convTranspose3d"),
    transposedGather("convTranspose3d"),
    ...gemmKernels("convTranspose3d", true),
    transposedPhase("convTranspose3d"),
    subgroup("convTranspose3d", true),
  ],
  decompositions: [flipped("convTranspose3d", () => conv3d)],
  prefer: (call, device) => preferConv("convTranspose3d", call, device),
};
