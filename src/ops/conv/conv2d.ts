// 2-D convolution (cross-correlation, as in PyTorch).

import { fanInUniform } from "../initial.ts";
import type { Operator } from "../operator.ts";
import { type ImageTypes, image } from "../walk/window.ts";
import { splitChannels, winograd } from "./decompositions.ts";
import { depthwise, depthwiseRows, depthwiseSubgroup, depthwiseTiled } from "./depthwise.ts";
import { direct } from "./direct.ts";
import { gemmKernels } from "./gemm.ts";
import { convGradient } from "./gradients.ts";
import { pointwiseSubgroup } from "./pointwise.ts";
import { preferConv } from "./preference.ts";
import { type ConvAttributes, type ConvGiven, convAttributes, convCost, convShape } from "./rules.ts";
import { splits } from "./sizes.ts";
import { subgroup } from "./subgroup.ts";
import { tiled } from "./tiled.ts";
import { convTranspose2d } from "./transpose2d.ts";

export type Conv2dAttributes = ConvAttributes<ImageTypes>;
export type Conv2dGiven = ConvGiven<ImageTypes>;

/**
 * Slides each of K kernels over the input and sums the products.
 * - x: [N, C, H, W]; weight: [K, C/groups, R, S]; optional bias: [K];
 *   output: [N, K, floor((H + top + bottom - dilation*(R - 1) - 1) / stride) + 1, ...]
 * - epilogue: bias, residual and activation are computed in the same dispatch.
 * - gradient: of x the transposed convolution of gy, of the weight a sum over all pixels in a fixed order.
 * Throws ShapeError if the channels do not match the weight and the groups, or the kernel does not fit.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
 */
export const conv2d: Operator<Conv2dAttributes, Conv2dGiven> = {
  name: "conv2d",
  epilogue: true,
  attributes: (given) => convAttributes("conv2d", image, given),
  shape: (inputs, attrs) => convShape("conv2d", image, inputs, attrs),
  cost: convCost,
  initial: fanInUniform,
  gradient: convGradient(() => convTranspose2d),
  channelScale: () => ({ input: 1, axis: 0 }),
  kernels: [
    direct("conv2d"),
    ...gemmKernels("conv2d", false),
    pointwiseSubgroup("conv2d"),
    tiled("conv2d", 4),
    tiled("conv2d", 8),
    subgroup("conv2d", false),
    depthwise("conv2d"),
    depthwiseTiled,
    depthwiseRows,
    depthwiseSubgroup,
  ],
  decompositions: [
    winograd(2, () => conv2d),
    winograd(4, () => conv2d),
    ...splits.map((parts) => splitChannels(parts, () => conv2d)),
  ],
  prefer: (call, device) => preferConv("conv2d", call, device),
};
