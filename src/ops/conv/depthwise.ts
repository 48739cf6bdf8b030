// Kernels for convolutions with one input channel per group.

import { conv2dDepthwise, depthwisePixels, depthwiseWorkgroup } from "../../../shaders/conv/depthwise.wgsl.ts";
import { conv2dDepthwiseRows, depthwiseRowsWorkgroup } from "../../../shaders/conv/depthwise-rows.wgsl.ts";
import { conv2dDepthwiseSubgroup } from "../../../shaders/conv/depthwise-subgroup.wgsl.ts";
import { conv2dDepthwiseTiled, depthwiseTiledWorkgroup } from "../../../shaders/conv/depthwise-tiled.wgsl.ts";
import type { DepthwiseQuadTemplate } from "../../../shaders/wgsl/conv-quads.ts";
import { cover, spread } from "../grid.ts";
import { dimensions } from "../walk/dimensions.ts";
import { epilogueBindings, epilogueOperands, epilogueTemplate, isAligned } from "../walk/operands.ts";
import type { ConvCall, ConvKernel } from "./rules.ts";
import { convParams, convSizes, widestUnrolled } from "./sizes.ts";
import { hasMeasuredLanes, lanesMeasured } from "./subgroup.ts";

export const depthwise = (operator: string): ConvKernel => ({
  name: `${operator}/depthwise`,
  applies(call, device) {
    const { channels, outChannels, outHeight, outWidth, kernelWidth } = convSizes(call);
    const tiles = outHeight * Math.ceil(outWidth / depthwisePixels);
    const fits = Math.max(outChannels, Math.ceil(tiles / depthwiseWorkgroup)) <= device.maxWorkgroupsPerDimension;
    return call.attrs.groups === channels && kernelWidth <= widestUnrolled && fits;
  },
  views: [0],
  residualInPlace: true,
  dispatches(call) {
    const { items, outChannels, outHeight, outWidth, kernelWidth, stride, dilation } = convSizes(call);
    const tiles = outHeight * Math.ceil(outWidth / depthwisePixels);
    return [
      {
        code: conv2dDepthwise({
          ...epilogueTemplate(call),
          kernelWidth,
          strideWidth: stride[2],
          dilationWidth: dilation[2],
        }),
        bindings: epilogueBindings(call, 2),
        params: convParams(call),
        workgroups: cover([tiles, outChannels, items], [depthwiseWorkgroup, 1, 1]),
      },
    ];
  },
});

/** Rows and columns of kernels that are unrolled in tiles. */
const largestTiledDepthwise = 5;

/** Stride 1, and taps that a tile unrolls. */
function isDense(call: ConvCall): boolean {
  const { channels, kernelHeight, kernelWidth, stride } = convSizes(call);
  const isSmall = Math.max(kernelHeight, kernelWidth) <= largestTiledDepthwise;
  return call.attrs.groups === channels && isSmall && stride.every((size) => size === 1);
}

/** Outputs of a depthwise tile along each axis, a dilation apart. */
const depthwiseTile = [4, 4] as const;

export const depthwiseTiled: ConvKernel = {
  name: "conv2d/depthwise-tiled",
  applies(call) {
    const { outHeight, outWidth, dilation } = convSizes(call);
    const [rows, columns] = depthwiseTile;
    return isDense(call) && outHeight > dilation[1] * (rows - 1) && outWidth > dilation[2] * (columns - 1);
  },
  views: [0],
  residualInPlace: true,
  dispatches(call, device) {
    const { items, outChannels, outHeight, outWidth, kernelHeight, kernelWidth, dilation } = convSizes(call);
    const places = (size: number, spread: number, tile: number) => Math.ceil(size / (spread * tile)) * spread;
    const [rows, columns] = depthwiseTile;
    const invocations = outChannels * places(outHeight, dilation[1], rows) * places(outWidth, dilation[2], columns);
    return [
      {
        code: conv2dDepthwiseTiled({
          ...epilogueTemplate(call),
          tile: depthwiseTile,
          kernel: [kernelHeight, kernelWidth],
        }),
        bindings: epilogueBindings(call, 2),
        params: convParams(call),
        workgroups: [...spread(Math.ceil(invocations / depthwiseTiledWorkgroup), device), items],
      },
    ];
  },
};

/** Kernels that take whole vec4 of the rows of x and y. */
function fillsVectors(call: ConvCall): boolean {
  const { width, outWidth } = convSizes(call);
  return isDense(call) && width % 4 === 0 && outWidth % 4 === 0;
}

function columnsTemplate(call: ConvCall): DepthwiseQuadTemplate {
  const { outWidth, width, kernelHeight, kernelWidth, dilation } = convSizes(call);
  const [, padLeft] = dimensions(call.attrs.padding, 2);
  return {
    ...epilogueTemplate(call),
    kernel: [kernelHeight, kernelWidth],
    dilationWidth: dilation[2],
    padLeft,
    vectorLoads: isAligned(call.inputs[0], width),
    aligned: epilogueOperands(call).every((operand) => isAligned(operand, outWidth)),
  };
}

const mostTileRows = 4;

/** Outputs of a tile along a column, a dilation apart: no more than the image has. */
function tileRows(outHeight: number, dilation: number): number {
  return Math.min(mostTileRows, Math.ceil(outHeight / dilation));
}

export const depthwiseRows: ConvKernel = {
  name: "conv2d/depthwise-rows",
  applies: fillsVectors,
  views: [0],
  residualInPlace: true,
  dispatches(call, device) {
    const {
      items,
      outChannels,
      outHeight,
      outWidth,
      dilation: [, dilation],
    } = convSizes(call);
    const rows = tileRows(outHeight, dilation);
    const places = Math.ceil(outHeight / (dilation * rows)) * dilation;
    const invocations = (outChannels * places * outWidth) / 4;
    return [
      {
        code: conv2dDepthwiseRows({ ...columnsTemplate(call), tileRows: rows }),
        bindings: epilogueBindings(call, 2),
        params: convParams(call),
        workgroups: [...spread(Math.ceil(invocations / depthwiseRowsWorkgroup), device), items],
      },
    ];
  },
};

/** Vec4 that a lane keeps of a row. */
const mostVectors = 4;

/** Rows that make up for what a workgroup does first. */
const fewestRows = 32;

/** Lanes that share a row, and what each keeps of it. */
function rowSplit(call: ConvCall, lanes: number) {
  const { width, outWidth } = convSizes(call);
  const blocks = Math.max(width, outWidth) / 4;
  const rowLanes = Math.min(lanes, 2 ** Math.ceil(Math.log2(blocks)));
  return { lanes, rowLanes, vectors: Math.ceil(blocks / rowLanes) };
}

export const depthwiseSubgroup: ConvKernel = {
  name: "conv2d/depthwise-subgroup",
  applies(call, device) {
    if (!hasMeasuredLanes(device) || !fillsVectors(call)) return false;
    const { outChannels } = convSizes(call);
    return rowSplit(call, lanesMeasured).vectors <= mostVectors && outChannels <= device.maxWorkgroupsPerDimension;
  },
  views: [0],
  residualInPlace: true,
  dispatches(call) {
    const { items, outChannels, outHeight, dilation } = convSizes(call);
    const split = rowSplit(call, lanesMeasured);
    const channels = split.lanes / split.rowLanes;
    const walks = Math.min(dilation[1], outHeight);
    return [
      {
        code: conv2dDepthwiseSubgroup({ ...columnsTemplate(call), ...split }),
        bindings: epilogueBindings(call, 2),
        params: convParams(call),
        workgroups: [
          Math.ceil(walks / Math.ceil((fewestRows * walks) / outHeight)),
          Math.ceil(outChannels / channels),
          items,
        ],
      },
    ];
  },
};
