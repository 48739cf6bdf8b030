// The register-tiled kernel of convolutions, of images and volumes.

import { conv2dTiled } from "../../../shaders/conv/tiled.wgsl.ts";
import { tileWorkgroup } from "../../../shaders/wgsl/conv-tile.ts";
import { spread } from "../grid.ts";
import { epilogueBindings, epilogueOperands, epilogueTemplate, isAligned } from "../walk/operands.ts";
import { packConvWeights } from "./pack-weights.ts";
import type { ConvKernel } from "./rules.ts";
import { convParams, convSizes, isFlat, isVolume, rowConvParams, widestUnrolled } from "./sizes.ts";

/** Quads of output channels in a register tile: two, where there are channels to fill them. */
export function tileQuads(outChannels: number): number {
  return outChannels > 4 ? 2 : 1;
}

/** A register tile of `pixels` columns, a multiple of 4, and up to 8 channels. */
export const tiled = (operator: string, pixels: number): ConvKernel => ({
  name: `${operator}/tiled-${pixels}x8`,
  applies(call) {
    const { groupOutChannels, kernelWidth } = convSizes(call);
    return (call.attrs.groups === 1 || groupOutChannels >= 4) && kernelWidth <= widestUnrolled;
  },
  views: [0],
  residualInPlace: true,
  packs(call) {
    const { groups } = call.attrs;
    const multiple = 4 * tileQuads(convSizes(call).groupOutChannels);
    return [{ input: 1, operator: packConvWeights, given: { multiple, transposed: false, groups } }];
  },
  dispatches(call, device) {
    const sizes = convSizes(call);
    const { items, height, width, groupOutChannels, kernelWidth, stride, dilation } = sizes;
    const quads = tileQuads(groupOutChannels);
    const channelTiles = call.attrs.groups * Math.ceil(groupOutChannels / (4 * quads));
    const flat = isFlat(call);
    const plane = height * width;
    const [rows, columns] = flat ? [1, plane] : [sizes.outHeight, sizes.outWidth];
    const tiles = rows * Math.ceil(columns / pixels);
    const code = conv2dTiled({
      ...epilogueTemplate(call),
      volume: isVolume(call) && !flat,
      pixels,
      quads,
      kernelWidth,
      strideWidth: stride[2],
      dilationWidth: dilation[2],
      vectorLoads: flat && isAligned(call.inputs[0], plane),
      aligned: epilogueOperands(call).every((operand) => isAligned(operand, columns)),
    });
    return [
      {
        code,
        bindings: epilogueBindings(call, 2),
        params: flat ? rowConvParams(call) : convParams(call),
        workgroups: [...spread(Math.ceil((tiles * channelTiles) / tileWorkgroup), device), items],
      },
    ];
  },
});
