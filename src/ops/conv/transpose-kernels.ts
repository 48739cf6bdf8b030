// Kernels that transposed convolutions alone have, from the readable to the fast.

import {
  convTranspose2dGather,
  convTranspose2dGatherWorkgroup,
} from "../../../shaders/conv/transpose2d-gather.wgsl.ts";
import { convTranspose2dPhase } from "../../../shaders/conv/transpose2d-phase.wgsl.ts";
import { convTranspose2dTiled } from "../../../shaders/conv/transpose2d-tiled.wgsl.ts";
import { tileWorkgroup } from "../../../shaders/wgsl/conv-tile.ts";
import { elementCount } from "../../tensor.ts";
import { cover, spread } from "../grid.ts";
import { epilogueBindings, epilogueOperands, epilogueTemplate, isAligned } from "../walk/operands.ts";
import type { ImageTypes, Pair } from "../walk/window.ts";
import { packConvWeights } from "./pack-weights.ts";
import type { ConvAttributes, ConvCall, ConvKernel } from "./rules.ts";
import { convParams, convSizes, phaseSizes } from "./sizes.ts";
import { tileQuads } from "./tiled.ts";

export const transposedGather = (operator: string): ConvKernel => ({
  name: `${operator}/gather`,
  applies: ({ attrs: { dilation } }) => dilation.every((size) => size === 1),
  views: [0],
  residualInPlace: true,
  dispatches(call, device) {
    const { items, outChannels, outHeight, outWidth } = convSizes(call);
    const workgroups = Math.ceil((outChannels * outHeight * outWidth) / convTranspose2dGatherWorkgroup);
    return [
      {
        code: convTranspose2dGather(epilogueTemplate(call)),
        bindings: epilogueBindings(call, 2),
        params: convParams(call),
        workgroups: [...spread(workgroups, device), items],
      },
    ];
  },
});

/** Columns of a phase in a register tile. */
const tilePixels = 4;

function phaseGrid(call: ConvCall): [number, number, number] {
  const { items, outChannels } = convSizes(call);
  const places = phaseSizes(call);
  const tiles = places[0] * places[1] * Math.ceil(places[2] / tilePixels);
  const blocks = Math.ceil(outChannels / (4 * tileQuads(outChannels)));
  return cover([tiles, blocks, items * elementCount(call.attrs.stride)], [tileWorkgroup, 1, 1]);
}

export const transposedPhase = (operator: string): ConvKernel => ({
  name: `${operator}/phase`,
  applies(call, device) {
    const { groups, dilation, stride } = call.attrs;
    const [across, down] = phaseGrid(call);
    const fits = Math.max(across, down, elementCount(stride)) <= device.maxWorkgroupsPerDimension;
    return fits && groups === 1 && dilation.every((size) => size === 1);
  },
  views: [0],
  residualInPlace: true,
  packs(call) {
    const multiple = 4 * tileQuads(convSizes(call).outChannels);
    return [{ input: 1, operator: packConvWeights, given: { multiple, transposed: true, groups: 1 } }];
  },
  dispatches(call) {
    const quads = tileQuads(convSizes(call).outChannels);
    return [
      {
        code: convTranspose2dPhase({ ...epilogueTemplate(call), pixels: tilePixels, quads }),
        bindings: epilogueBindings(call, 2),
        params: convParams(call),
        workgroups: phaseGrid(call),
      },
    ];
  },
});

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

export const transposedTiled: ConvKernel<ConvAttributes<ImageTypes>> = {
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
