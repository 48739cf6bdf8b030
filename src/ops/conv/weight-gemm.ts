// The weight gradient as a matrix product through workgroup memory: its tiles, when it applies and when it pays. The tiles
// and the preference are guesses until a GPU has been tuned (bench/NOTES.md).
import {
  convWeightGradGemm,
  type WeightGemmTile,
  weightGemmThreads,
  weightGemmWorkgroupBytes,
} from "../../../shaders/conv/weight-grad-gemm.wgsl.ts";
import { elementCount } from "../../tensor.ts";
import type { DeviceTraits } from "../device-traits.ts";
import { convSizes } from "./sizes.ts";
import {
  forwardCall,
  gradientDispatches,
  splitApplies,
  splits,
  template,
  type WeightGradientCall,
  type WeightGradientKernel,
  weightShape,
} from "./weight-call.ts";

/** From the smallest to the largest; which is best depends on the shape and the GPU. */
export const weightGemmTiles: readonly WeightGemmTile[] = [
  { tileChannels: 16, tileColumns: 64, threadChannels: 4, threadColumns: 4, chunk: 16 },
  { tileChannels: 32, tileColumns: 32, threadChannels: 4, threadColumns: 4, chunk: 16 },
  { tileChannels: 64, tileColumns: 64, threadChannels: 8, threadColumns: 4, chunk: 16 },
  { tileChannels: 128, tileColumns: 64, threadChannels: 8, threadColumns: 8, chunk: 16 },
];

export function weightGemmName({ tileChannels, tileColumns }: WeightGemmTile): string {
  return `convWeightGradient/gemm-${tileChannels}x${tileColumns}`;
}

/** One kernel for each tile. */
export const weightGemmKernels: readonly WeightGradientKernel[] = weightGemmTiles.map((tile) => ({
  name: weightGemmName(tile),
  applies: (call, device) => gemmApplies(tile, call, device),
  views: [0, 1],
  dispatches: (call) =>
    gradientDispatches(call, convWeightGradGemm({ ...tile, ...template(call) }), gemmGrid(tile, call)),
}));

/** Hardware only: software drivers gain nothing from workgroup memory. */
function gemmApplies(tile: WeightGemmTile, call: WeightGradientCall, device: DeviceTraits): boolean {
  return (
    device.kind === "hardware" &&
    weightGemmThreads(tile) <= device.maxWorkgroupInvocations &&
    weightGemmWorkgroupBytes(tile) <= device.maxWorkgroupStorageBytes &&
    gemmGrid(tile, call).every((size) => size <= device.maxWorkgroupsPerDimension)
  );
}

/** The matrix of one group: its output channels, and its (input channel, tap) pairs. */
function gemmSides(call: WeightGradientCall): { channels: number; columns: number } {
  const [outChannels, ...filter] = weightShape(call.inputs, call.attrs);
  return { channels: outChannels / call.attrs.groups, columns: elementCount(filter) };
}

function gemmGrid(tile: WeightGemmTile, call: WeightGradientCall): [number, number, number] {
  const { channels, columns } = gemmSides(call);
  const { groups, parts } = call.attrs;
  return [Math.ceil(columns / tile.tileColumns), groups * Math.ceil(channels / tile.tileChannels), parts];
}

/** The share of the products of all tiles that is used. */
function filled(tile: WeightGemmTile, call: WeightGradientCall): number {
  const { channels, columns } = gemmSides(call);
  const [across, down] = gemmGrid(tile, call);
  return (channels * columns * call.attrs.groups) / (across * tile.tileColumns * down * tile.tileChannels);
}

/** Tiles that are emptier, as a depthwise convolution's, waste more than workgroup memory saves. */
const leastFilled = 1 / 16;

/** A larger tile has to be as full as this to be taken. */
const wellFilled = 0.7;

/** Enough to occupy a large GPU; more workgroups are worth less than larger tiles. */
const enoughWorkgroups = 256;

/** A part of fewer pixels is not worth its share of the second pass. */
const fewestPartPixels = 128;

/**
 * The tile, or the fewest parts of the sums that occupy the device with it. Undefined where a matrix product does not pay,
 * and on software drivers.
 */
export function preferWeightGemm(call: WeightGradientCall, device: DeviceTraits): string | undefined {
  const tiles = weightGemmTiles.filter((tile) => gemmApplies(tile, call, device));
  const [fullest] = tiles.toSorted((a, b) => filled(b, call) - filled(a, call));
  if (!fullest || filled(fullest, call) < leastFilled) return undefined;
  const whole = { ...call, attrs: { ...call.attrs, parts: 1 } };
  const partCounts = [1, ...possibleParts(whole)];
  const partsFor = (tile: WeightGemmTile) =>
    partCounts.find((count) => count * elementCount(gemmGrid(tile, whole)) >= enoughWorkgroups);
  const wellSuited = (tile: WeightGemmTile) => filled(tile, call) >= wellFilled && partsFor(tile) !== undefined;
  const tile = tiles.findLast(wellSuited) ?? fullest;
  const parts = partsFor(tile) ?? Math.max(...partCounts);
  return parts === 1 || call.attrs.parts > 1 ? weightGemmName(tile) : `convWeightGradient/split${parts}`;
}

function possibleParts(call: WeightGradientCall): number[] {
  const { items, outHeight, outWidth } = convSizes(forwardCall(call));
  return splits.filter(
    (parts) => splitApplies(parts, call) && items * outHeight * outWidth >= parts * fewestPartPixels,
  );
}
