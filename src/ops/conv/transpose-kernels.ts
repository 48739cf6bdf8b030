// Kernels of transposed convolutions that images and volumes share, from the readable to the fast.

import {
  convTranspose2dDirect,
  convTranspose2dDirectWorkgroup,
} from "../../../shaders/conv/transpose2d-direct.wgsl.ts";
import {
  convTranspose2dGather,
  convTranspose2dGatherWorkgroup,
} from "../../../shaders/conv/transpose2d-gather.wgsl.ts";
import { convTranspose2dPhase } from "../../../shaders/conv/transpose2d-phase.wgsl.ts";
import { tileWorkgroup } from "../../../shaders/wgsl/conv-tile.ts";
import { elementCount } from "../../tensor.ts";
import { cover, spread } from "../grid.ts";
import type { Kernel } from "../operator.ts";
import { epilogueBindings, epilogueTemplate } from "../walk/operands.ts";
import { packConvWeights } from "./pack-weights.ts";
import type { ConvAttributes } from "./rules.ts";
import { convParams, convSizes, phaseSizes } from "./sizes.ts";
import { tileQuads } from "./tiled.ts";

export const transposedDirect = (operator: string): Kernel<ConvAttributes> => ({
  name: `${operator}/direct`,
  applies: () => true,
  views: [0],
  residualInPlace: true,
  dispatches(call) {
    const { items, outChannels, outHeight, outWidth } = convSizes(call);
    return [
      {
        code: convTranspose2dDirect(epilogueTemplate(call)),
        bindings: epilogueBindings(call, 2),
        params: convParams(call),
        workgroups: cover([outWidth, outHeight, items * outChannels], convTranspose2dDirectWorkgroup),
      },
    ];
  },
});

export const transposedGather = (operator: string): Kernel<ConvAttributes> => ({
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

export const transposedPhase = (operator: string): Kernel<ConvAttributes> => ({
  name: `${operator}/phase`,
  applies: ({ attrs: { groups, dilation } }) => groups === 1 && dilation.every((size) => size === 1),
  views: [0],
  residualInPlace: true,
  packs(call) {
    const multiple = 4 * tileQuads(convSizes(call).outChannels);
    return [{ input: 1, operator: packConvWeights, given: { multiple, transposed: true, groups: 1 } }];
  },
  dispatches(call) {
    const { items, outChannels } = convSizes(call);
    const phases = elementCount(call.attrs.stride);
    const quads = tileQuads(outChannels);
    const places = phaseSizes(call);
    const tiles = elementCount(places.slice(0, -1)) * Math.ceil(places.at(-1)! / tilePixels);
    return [
      {
        code: convTranspose2dPhase({ ...epilogueTemplate(call), pixels: tilePixels, quads }),
        bindings: epilogueBindings(call, 2),
        params: convParams(call),
        workgroups: cover([tiles, Math.ceil(outChannels / (4 * quads)), items * phases], [tileWorkgroup, 1, 1]),
      },
    ];
  },
});
