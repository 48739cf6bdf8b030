// 2-D transposed convolution: the adjoint of `conv2d` with respect to its input, as in PyTorch.

import { convTranspose2dTiled } from "../../../shaders/conv/transpose2d-tiled.wgsl.ts";
import { tileWorkgroup } from "../../../shaders/wgsl/conv-tile.ts";
import { spread } from "../grid.ts";
import { fanInUniform } from "../initial.ts";
import type { Kernel, Operator } from "../operator.ts";
import { epilogueBindings, epilogueOperands, epilogueTemplate, isAligned } from "../walk/operands.ts";
import { type ImageTypes, image, type Pair } from "../walk/window.ts";
import { conv2d } from "./conv2d.ts";
import { gemmKernels } from "./gemm.ts";
import { convTransposeGradient } from "./gradients.ts";
import { packConvWeights } from "./pack-weights.ts";
import { preferConv } from "./preference.ts";
import {
  type ConvTransposeAttributes,
  type ConvTransposeGiven,
  convTransposeAttributes,
  convTransposeCost,
  convTransposeShape,
} from "./rules.ts";
import { convParams, convSizes } from "./sizes.ts";
import { subgroup } from "./subgroup.ts";
import { flipped } from "./transpose-flipped.ts";
import { transposedDirect, transposedGather, transposedPhase } from "./transpose-kernels.ts";

export type ConvTranspose2dAttributes = ConvTransposeAttributes<ImageTypes>;
export type ConvTranspose2dGiven = ConvTransposeGiven<ImageTypes>;

/** Kernels of more taps, and tiles of more outputs, are not unrolled. */
const mostTaps = 16;
const mostTileOutputs = 32;

/** Rows and columns of a register tile: whole phases, and whole vec4 along a row. */
function registerTile([rows, columns]: Pair): Pair {
  const step = leastCommonMultiple(columns, 4);
  return [rows, step * Math.max(1, Math.floor(mostTileOutputs / 2 / (rows * step)))];
}

function leastCommonMultiple(a: number, b: number): number {
  let multiple = a;
  while (multiple % b !== 0) multiple += a;
  return multiple;
}

const tiled: Kernel<ConvTranspose2dAttributes> = {
  name: "convTranspose2d/tiled",
  applies(call) {
    const { kernelHeight, kernelWidth, groupOutChannels } = convSizes(call);
    const { stride, groups } = call.attrs;
    const fits =
      kernelHeight * kernelWidth <= mostTaps && registerTile(stride).reduce((a, b) => a * b) <= mostTileOutputs;
    return fits && (groups === 1 || groupOutChannels >= 4);
  },
  views: [0],
  residualInPlace: true,
  packs: ({ attrs: { groups } }) => [
    { input: 1, operator: packConvWeights, given: { multiple: 4, transposed: true, groups } },
  ],
  dispatches(call, device) {
    const { items, groupOutChannels, outHeight, outWidth, kernelHeight, kernelWidth } = convSizes(call);
    const { stride, dilation, padding, groups } = call.attrs;
    const tile = registerTile(stride);
    const tiles = Math.ceil(outHeight / tile[0]) * Math.ceil(outWidth / tile[1]);
    const invocations = tiles * groups * Math.ceil(groupOutChannels / 4);
    return [
      {
        code: convTranspose2dTiled({
          ...epilogueTemplate(call),
          tile,
          kernel: [kernelHeight, kernelWidth],
          stride,
          dilation,
          transposedPadding: [padding[0], padding[1]],
          aligned: epilogueOperands(call).every((operand) => isAligned(operand, outWidth)),
        }),
        bindings: epilogueBindings(call, 2),
        params: convParams(call),
        workgroups: [...spread(Math.ceil(invocations / tileWorkgroup), device), items],
      },
    ];
  },
};

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
export const convTranspose2d: Operator<ConvTranspose2dAttributes, ConvTranspose2dGiven> = {
  name: "convTranspose2d",
  epilogue: true,
  attributes: (given) => convTransposeAttributes("convTranspose2d", image, given),
  shape: (inputs, attrs) => convTransposeShape("convTranspose2d", image, inputs, attrs),
  cost: convTransposeCost,
  initial: fanInUniform,
  gradient: convTransposeGradient(() => conv2d),
  channelScale: ({ groups }) => (groups === 1 ? { input: 1, axis: 1 } : undefined),
  kernels: [
    transposedDirect("convTranspose2d"),
    transposedGather("convTranspose2d"),
    ...gemmKernels("convTranspose2d", true),
    transposedPhase("convTranspose2d"),
    tiled,
    subgroup("convTranspose2d", true),
  ],
  decompositions: [flipped("convTranspose2d", () => conv2d)],
  prefer: (call, device) => preferConv("convTranspose2d", call, device),
};
