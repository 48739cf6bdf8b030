// 3-D convolution (cross-correlation, as in PyTorch), and the transposed one, its adjoint with respect to its input.
import { type VolumeTypes, volume } from "../walk/window.ts";
import { type Conv, type ConvTranspose, createConv, createConvTranspose } from "./create.ts";
import type { ConvAttributes, ConvGiven, ConvTransposeAttributes, ConvTransposeGiven } from "./rules.ts";

export type Conv3dAttributes = ConvAttributes<VolumeTypes>;
export type Conv3dGiven = ConvGiven<VolumeTypes>;
export type ConvTranspose3dAttributes = ConvTransposeAttributes<VolumeTypes>;
export type ConvTranspose3dGiven = ConvTransposeGiven<VolumeTypes>;

/**
 * Slides each of K kernels over a volume and sums the products.
 * - x: [N, C, D, H, W]; weight: [K, C/groups, T, R, S]; optional bias: [K];
 *   output: [N, K, floor((D + front + back - dilation*(T - 1) - 1) / stride) + 1, ...]
 * - epilogue: bias, residual and activation are computed in the same dispatch.
 * - gradient: of x the transposed convolution of gy, of the weight a sum over all pixels in a fixed order.
 * Throws ShapeError if the channels do not match the weight and the groups, or the kernel does not fit.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Conv3d.html
 */
export const conv3d: Conv<VolumeTypes> = createConv("conv3d", volume, () => convTranspose3d);

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
export const convTranspose3d: ConvTranspose<VolumeTypes> = createConvTranspose("convTranspose3d", volume, () => conv3d);
