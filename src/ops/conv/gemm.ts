// How convolutions and transposed convolutions share the matrix-product kernel: its tiles, when it applies, its packing.
import { convGemm, type GemmTile, gemmThreads, gemmWorkgroupBytes } from "../../../shaders/conv/gemm.wgsl.ts";
import { elementCount } from "../../tensor.ts";
import type { DeviceTraits } from "../device-traits.ts";
import { epilogueBindings, epilogueOperands, epilogueTemplate, isAligned } from "../walk/operands.ts";
import { packConvWeights } from "./pack-weights.ts";
import type { ConvAttributes, ConvCall, ConvKernel } from "./rules.ts";
import { convParams, convSizes, phaseSizes } from "./sizes.ts";

/** From the smallest to the largest; which is best depends on the shape and the GPU. */
export const gemmTiles: readonly [GemmTile, ...GemmTile[]] = [
  { tilePixels: 32, tileChannels: 32, threadPixels: 4, threadChannels: 4, chunk: 16 },
  { tilePixels: 64, tileChannels: 32, threadPixels: 4, threadChannels: 4, chunk: 16 },
  { tilePixels: 64, tileChannels: 64, threadPixels: 8, threadChannels: 4, chunk: 16 },
  { tilePixels: 128, tileChannels: 64, threadPixels: 8, threadChannels: 4, chunk: 8 },
  { tilePixels: 128, tileChannels: 64, threadPixels: 8, threadChannels: 8, chunk: 16 },
  { tilePixels: 128, tileChannels: 128, threadPixels: 8, threadChannels: 8, chunk: 8 },
];

/** A chunk of fewer channels than this runs over taps and channels together. */
const fewChannels = 16;

export function gemmName({ tilePixels, tileChannels, threadPixels, threadChannels }: GemmTile): string {
  return `gemm-${tilePixels}x${tileChannels}-${threadPixels}x${threadChannels}`;
}

/** One kernel for each tile. */
export function gemmKernels<A extends ConvAttributes>(operator: string, transposed: boolean): readonly ConvKernel<A>[] {
  return gemmTiles.map((tile) => ({
    name: `${operator}/${gemmName(tile)}`,
    applies: (call, device) => gemmApplies(tile, transposed, call, device),
    views: [0],
    residualInPlace: true,
    packs: ({ attrs: { groups } }) => [
      { input: 1, operator: packConvWeights, given: { multiple: 4, transposed, groups } },
    ],
    dispatches(call) {
      const plane = elementCount(call.outputs[0].shape.slice(2));
      const code = convGemm({
        ...tile,
        ...epilogueTemplate(call),
        transposed,
        flatten: convSizes(call).groupChannels < fewChannels,
        aligned: !transposed && epilogueOperands(call).every((operand) => isAligned(operand, plane)),
      });
      return [
        {
          code,
          bindings: epilogueBindings(call, 2),
          params: convParams(call),
          workgroups: gemmGrid(tile, transposed, call),
        },
      ];
    },
  }));
}

/** Hardware only: software drivers gain nothing from workgroup memory and compile large tiles for minutes. */
function gemmApplies(tile: GemmTile, transposed: boolean, call: ConvCall, device: DeviceTraits): boolean {
  return (
    device.kind === "hardware" &&
    gemmThreads(tile) <= device.maxWorkgroupInvocations &&
    gemmWorkgroupBytes(tile) <= device.maxWorkgroupStorageBytes &&
    (!transposed || call.attrs.dilation.every((size) => size === 1)) &&
    gemmGrid(tile, transposed, call).every((size) => size <= device.maxWorkgroupsPerDimension)
  );
}

/** Workgroups; transposed convolutions give every phase the tiles of the largest one. */
function gemmGrid(tile: GemmTile, transposed: boolean, call: ConvCall): [number, number, number] {
  const { items, groupOutChannels } = convSizes(call);
  const { groups, stride } = call.attrs;
  const pixels = elementCount(transposed ? phaseSizes(call) : call.outputs[0].shape.slice(2));
  const channelTiles = Math.ceil(groupOutChannels / tile.tileChannels);
  const phases = transposed ? elementCount(stride) : 1;
  return [Math.ceil(pixels / tile.tilePixels), groups * channelTiles, items * phases];
}
