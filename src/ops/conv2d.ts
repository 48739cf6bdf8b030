// 2-D convolution (cross-correlation, as in PyTorch).

import { conv2dParams } from "../../shaders/conv-bindings.ts";
import { tileWorkgroup } from "../../shaders/conv-tile.ts";
import { conv2dDirect, conv2dDirectWorkgroup } from "../../shaders/conv2d-direct.wgsl.ts";
import { conv2dTiled } from "../../shaders/conv2d-tiled.wgsl.ts";
import { ShapeError } from "../errors.ts";
import { elementCount, formatShape, type TensorType } from "../tensor.ts";
import { splitChannels, winograd } from "./conv-decompositions.ts";
import { depthwise, depthwiseRows, depthwiseTiled } from "./conv-depthwise.ts";
import { gemmKernels } from "./conv-gemm.ts";
import { preferConv } from "./conv-preference.ts";
import { conv2dParamValues, conv2dSizes, splits, widestUnrolled } from "./conv-sizes.ts";
import { subgroupApplies, subgroupDispatches, subgroupPacks } from "./conv-subgroup.ts";
import { epilogueBindings, epilogueOperands, epilogueTemplate, floatType, isAligned } from "./operands.ts";
import { type Call, cover, type Kernel, type Operator, operandBytes, params, spread } from "./operator.ts";
import { packConvWeights } from "./pack-conv-weights.ts";
import {
  type Padding2d,
  type Pair,
  pair,
  requireOutput,
  requireRank,
  type Sides,
  type Size2d,
  sides,
  windowCount,
} from "./window.ts";

export interface Conv2dAttributes {
  readonly stride: Pair;
  readonly padding: Sides;
  readonly dilation: Pair;
  readonly groups: number;
}

export interface Conv2dGiven {
  /** Default 1. */
  readonly stride?: Size2d;
  /** Zeros around the input. Default 0. */
  readonly padding?: Padding2d;
  /** Distance between the taps of a kernel. Default 1. */
  readonly dilation?: Size2d;
  /** Blocks of channels that do not see each other. Default 1; C for a depthwise convolution. */
  readonly groups?: number;
}

const direct: Kernel<Conv2dAttributes> = {
  name: "conv2d/direct",
  applies: () => true,
  views: [0],
  residualInPlace: true,
  dispatches(call) {
    const { items, outChannels, outHeight, outWidth } = conv2dSizes(call);
    return [
      {
        code: conv2dDirect(epilogueTemplate(call)),
        bindings: epilogueBindings(call, 2),
        params: params(conv2dParams, conv2dParamValues(call)),
        workgroups: cover([outWidth, outHeight, items * outChannels], conv2dDirectWorkgroup),
      },
    ];
  },
};

/** Quads of output channels in a register tile: two, where there are channels to fill them. */
export function tileQuads(outChannels: number): number {
  return outChannels > 4 ? 2 : 1;
}

/** A 1x1 convolution with stride 1 sees a plane as one long row. */
function isFlat(call: Call<Conv2dAttributes>): boolean {
  const { kernelHeight, kernelWidth } = conv2dSizes(call);
  const { stride, padding } = call.attrs;
  return [kernelHeight, kernelWidth, ...stride].every((size) => size === 1) && padding.every((size) => size === 0);
}

/** A register tile of `pixels` columns, a multiple of 4, and up to 8 channels. */
const tiled = (pixels: number): Kernel<Conv2dAttributes> => ({
  name: `conv2d/tiled-${pixels}x8`,
  applies(call) {
    const { outChannels, kernelWidth } = conv2dSizes(call);
    const { groups } = call.attrs;
    return (groups === 1 || outChannels / groups >= 4) && kernelWidth <= widestUnrolled;
  },
  views: [0],
  residualInPlace: true,
  packs(call) {
    const { groups } = call.attrs;
    const multiple = 4 * tileQuads(conv2dSizes(call).outChannels / groups);
    return [{ input: 1, operator: packConvWeights, given: { multiple, transposed: false, groups } }];
  },
  dispatches(call, device) {
    const { items, height, width, outChannels, outHeight, outWidth, kernelWidth } = conv2dSizes(call);
    const { groups } = call.attrs;
    const quads = tileQuads(outChannels / groups);
    const channelTiles = groups * Math.ceil(outChannels / groups / (4 * quads));
    const flat = isFlat(call);
    const plane = height * width;
    const [rows, columns] = flat ? [1, plane] : [outHeight, outWidth];
    const tiles = rows * Math.ceil(columns / pixels);
    const values = conv2dParamValues(call);
    const code = conv2dTiled({
      ...epilogueTemplate(call),
      pixels,
      quads,
      kernelWidth,
      strideWidth: call.attrs.stride[1],
      dilationWidth: call.attrs.dilation[1],
      vectorLoads: flat && isAligned(call.inputs[0]!, plane),
      aligned: epilogueOperands(call).every((operand) => isAligned(operand, columns)),
    });
    const asRow = { height: 1, width: plane, out_height: 1, out_width: plane };
    return [
      {
        code,
        bindings: epilogueBindings(call, 2),
        params: params(conv2dParams, flat ? { ...values, ...asRow } : values),
        workgroups: [...spread(Math.ceil((tiles * channelTiles) / tileWorkgroup), device), items],
      },
    ];
  },
});

const subgroup: Kernel<Conv2dAttributes> = {
  name: "conv2d/subgroup",
  applies: (call, device) => subgroupApplies(call, device, false),
  views: [0],
  residualInPlace: true,
  packs: (call, device) => subgroupPacks(call, device, false),
  dispatches: (call, device) =>
    subgroupDispatches(call, device, { transposed: false, values: conv2dParamValues(call) }),
};

/**
 * Slides each of K kernels over the input and sums the products.
 * - x: [N, C, H, W]; weight: [K, C/groups, R, S]; optional bias: [K];
 *   output: [N, K, floor((H + top + bottom - dilation*(R - 1) - 1) / stride) + 1, ...]
 * - epilogue: bias, residual and activation are computed in the same dispatch.
 * Throws ShapeError if the channels do not match the weight and the groups, or the kernel does not fit.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
 */
export const conv2d: Operator<Conv2dAttributes, Conv2dGiven> = {
  name: "conv2d",
  epilogue: true,
  attributes(given) {
    const groups = given.groups ?? 1;
    if (!Number.isSafeInteger(groups) || groups < 1)
      throw new ShapeError(`conv2d: groups is ${groups}, expected at least 1`);
    return {
      stride: pair("conv2d: stride", given.stride ?? 1, 1),
      padding: sides("conv2d: padding", given.padding ?? 0),
      dilation: pair("conv2d: dilation", given.dilation ?? 1, 1),
      groups,
    };
  },
  shape(inputs, { stride, padding, dilation, groups }) {
    const [x, weight] = inputs as [TensorType, TensorType];
    const dtype = floatType("conv2d", inputs);
    requireRank("conv2d", "x", x, 4, "[N, C, H, W]");
    requireRank("conv2d", "weight", weight, 4, "[K, C/groups, R, S]");
    const [items, channels, height, width] = x.shape as [number, number, number, number];
    const [outChannels, groupChannels, rows, columns] = weight.shape as [number, number, number, number];
    if (groupChannels * groups !== channels || outChannels % groups !== 0) {
      throw new ShapeError(
        `conv2d: channels do not match: got x ${formatShape(x.shape)} and weight ${formatShape(weight.shape)} with ` +
          `groups ${groups}, expected weight [K, C/groups, R, S] with C = ${channels} and K a multiple of groups`,
      );
    }
    const [top, left, bottom, right] = padding;
    const vertical = { kernel: rows, stride: stride[0], dilation: dilation[0], before: top, after: bottom };
    const horizontal = { kernel: columns, stride: stride[1], dilation: dilation[1], before: left, after: right };
    const output = [items, outChannels, windowCount(height, vertical), windowCount(width, horizontal)];
    requireOutput("conv2d", output, x.shape);
    return [{ shape: output, dtype }];
  },
  cost(call) {
    const { groupChannels, kernelHeight, kernelWidth } = conv2dSizes(call);
    const flop = 2 * elementCount(call.outputs[0]!.shape) * groupChannels * kernelHeight * kernelWidth;
    return { flop, bytes: operandBytes(call) };
  },
  channelScale: () => ({ input: 1, axis: 0 }),
  kernels: [
    direct,
    ...gemmKernels("conv2d", false, conv2dParamValues),
    tiled(4),
    tiled(8),
    subgroup,
    depthwise,
    depthwiseTiled,
    depthwiseRows,
  ],
  decompositions: [
    winograd(2, () => conv2d),
    winograd(4, () => conv2d),
    ...splits.map((parts) => splitChannels(parts, () => conv2d)),
  ],
  prefer: (call, device) => preferConv("conv2d", call, device),
};
