// 3-D convolution (cross-correlation, as in PyTorch).

import { fanInUniform } from "../initial.ts";
import type { Operator } from "../operator.ts";
import { type VolumeTypes, volume } from "../walk/window.ts";
import { depthwise } from "./depthwise.ts";
import { direct } from "./direct.ts";
import { gemmKernels } from "./gemm.ts";
import { convGradient } from "./gradients.ts";
import { pointwiseSubgroup } from "./pointwise.ts";
import { preferConv } from "./preference.ts";
import { type ConvAttributes, type ConvGiven, convAttributes, convCost, convShape } from "./rules.ts";
import { subgroup } from "./subgroup.ts";
import { tiled } from "./tiled.ts";
import { convTranspose3d } from "./transpose3d.ts";

export type Conv3dAttributes = ConvAttributes<VolumeTypes>;
export type Conv3dGiven = ConvGiven<VolumeTypes>;

/**
 * Slides each of K kernels over a volume and sums the products.
 * - x: [N, C, D, H, W]; weight: [K, C/groups, T, R, S]; optional bias: [K];
 *   output: [N, K, floor((D + front + back - dilation*(T - 1) - 1) / stride) + 1, ...]
 * - epilogue: bias, residual and activation are computed in the same dispatch.
 * - gradient: of x the transposed convolution of gy, of the weight a sum over all pixels in a fixed order.
 * Throws ShapeError if the channels do not match the weight and the groups, or the kernel does not fit.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Conv3d.html
 */
export const conv3d: Operator<Conv3dAttributes, Conv3dGiven> = {
  name: "conv3d",
  epilogue: true,
  attributes: (given) => convAttributes("conv3d", volume, given),
  shape: (inputs, attrs) => convShape("conv3d", volume, inputs, attrs),
  cost: convCost,
  initial: fanInUniform,
  gradient: convGradient(() => convTranspose3d),
  channelScale: () => ({ input: 1, axis: 0 }),
  kernels: [
    direct("conv3d"),
    ...gemmKernels("conv3d", false),
    pointwiseSubgroup("conv3d"),
    tiled("conv3d", 4),
    tiled("conv3d", 8),
    subgroup("conv3d", false),
    depthwise("conv3d"),
  ],
  prefer: (call, device) => preferConv("conv3d", call, device),
};
