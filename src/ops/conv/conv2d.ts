// 2-D convolution (cross-correlation, as in PyTorch), and the transposed one, its adjoint with respect to its input.
import { type ImageTypes, image } from "../walk/window.ts";
import { type Conv, type ConvTranspose, createConv, createConvTranspose } from "./create.ts";
import { splitChannels, winograd } from "./decompositions.ts";
import { depthwiseRows, depthwiseSubgroup, depthwiseTiled } from "./depthwise.ts";
import type { ConvAttributes, ConvGiven, ConvTransposeAttributes, ConvTransposeGiven } from "./rules.ts";
import { splits } from "./sizes.ts";
import { transposedTiled } from "./transpose-kernels.ts";

export type Conv2dAttributes = ConvAttributes<ImageTypes>;
export type Conv2dGiven = ConvGiven<ImageTypes>;
export type ConvTranspose2dAttributes = ConvTransposeAttributes<ImageTypes>;
export type ConvTranspose2dGiven = ConvTransposeGiven<ImageTypes>;

/**
 * Slides each of K kernels over the input and sums the products.
 * - x: [N, C, H, W]; weight: [K, C/groups, R, S]; optional bias: [K];
 *   output: [N, K, floor((H + top + bottom - dilation*(R - 1) - 1) / stride) + 1, ...]
 * - epilogue: bias, residual and activation are computed in the same dispatch.
 * - gradient: of x the transposed convolution of gy, of the weight a sum over all pixels in a fixed order.
 * Throws ShapeError if the channels do not match the weight and the groups, or the kernel does not fit.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
 */
export const conv2d: Conv<ImageTypes> = createConv<ImageTypes>("conv2d", image, () => convTranspose2d, {
  kernels: [depthwiseTiled, depthwiseRows, depthwiseSubgroup],
  decompositions: [
    winograd(2, () => conv2d),
    winograd(4, () => conv2d),
    ...splits.map((parts) => splitChannels(parts, () => conv2d)),
  ],
});

/**
 * Spreads each input element over the output through K kernels, and sums where they overlap.
 * - x: [N, C, H, W]; weight: [C, K/groups, R, S]; optional bias: [K];
 *   output: [N, K, (H - 1)*stride - top - bottom + dilation*(R - 1) + outputPadding + 1, ...]
 * - epilogue: bias, residual and activation are computed in the same dispatch.
 * - gradient: of x the convolution of gy, of the weight a sum over all pixels in a fixed order.
 * Throws ShapeError if the channels do not match the weight and the groups, if outputPadding is smaller than neither
 * stride nor dilation, or if nothing is left of the output.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html
 */
export const convTranspose2d: ConvTranspose<ImageTypes> = createConvTranspose("convTranspose2d", image, () => conv2d, {
  kernels: [transposedTiled],
});
