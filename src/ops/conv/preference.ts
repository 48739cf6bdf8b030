// Which convolution kernel or decomposition each class of adapter gets for a shape that nobody has tuned there.
// Measured on software adapters; on hardware a guess until a GPU has been tuned (bench/NOTES.md).
import type { GemmTile } from "../../../shaders/conv/gemm.wgsl.ts";
import { elementCount } from "../../tensor.ts";
import type { DeviceTraits } from "../device-traits.ts";
import type { Call } from "../operator.ts";
import { gemmName, gemmTiles } from "./gemm.ts";
import { pointwiseApplies } from "./pointwise.ts";
import type { ConvAttributes } from "./rules.ts";
import { convSizes, isFlat, splitApplies, splits } from "./sizes.ts";
import { subgroupApplies } from "./subgroup.ts";
import { flippedApplies } from "./transpose-flipped.ts";
import { winogradApplies } from "./winograd.ts";

/** Fewer output channels per group than this leave a matrix product's tile mostly empty. */
const fewestOutChannels = 16;

/** Enough to occupy a large GPU; more workgroups are worth less than larger tiles. */
const enoughWorkgroups = 256;

/** Fewer leave most of a large GPU idle. */
const fewWorkgroups = 128;

/** Shorter sums are not worth a second pass. */
const fewestTerms = 1024;

/** With fewer input channels a pointwise convolution is mostly its stores. */
const fewestPointwise = 8;

type Convolution = "conv2d" | "conv3d" | "convTranspose2d" | "convTranspose3d";

/** Undefined where the last kernel that applies is the one to take. */
export function preferConv(
  operator: Convolution,
  call: Call<ConvAttributes>,
  device: DeviceTraits,
): string | undefined {
  return device.kind === "hardware" ? onHardware(operator, call, device) : onSoftware(operator, call, device);
}

/** Software drivers gather every load lane by lane: what is loaded has to meet many numbers, or fewer have to be. */
function onSoftware(operator: Convolution, call: Call<ConvAttributes>, device: DeviceTraits): string | undefined {
  const { outChannels, groupChannels, kernelHeight: rows, kernelWidth: columns, outHeight, outWidth } = convSizes(call);
  if (operator === "convTranspose2d" || operator === "convTranspose3d") {
    const gains = !subgroupApplies(call, device, true) || (isFlat(call) && groupChannels >= fewestPointwise);
    return gains && flippedApplies(call) ? `${operator}/flipped` : undefined;
  }
  const { stride, dilation, groups } = call.attrs;
  const isDense = [...stride, ...dilation].every((size) => size === 1);
  if (groupChannels >= fewestPointwise && pointwiseApplies(call, device)) return `${operator}/pointwise-subgroup`;
  if (subgroupApplies(call, device, false)) {
    const fillsVectors = (outHeight * outWidth) % 4 === 0;
    return isFlat(call) && fillsVectors && groupChannels > 1 ? `${operator}/tiled-8x8` : undefined;
  }
  if (operator === "conv3d") return undefined;
  const isLarge = outHeight * outWidth >= 256 && Math.min(outChannels, groupChannels) >= 16;
  const fits = winogradApplies(4, call, device);
  return rows === 3 && columns === 3 && isDense && groups === 1 && isLarge && fits ? "conv2d/winograd4" : undefined;
}

/** Undefined where a matrix product does not pay. */
function onHardware(operator: Convolution, call: Call<ConvAttributes>, device: DeviceTraits): string | undefined {
  const { groups, stride, dilation } = call.attrs;
  const transposed = operator === "convTranspose2d" || operator === "convTranspose3d";
  const { items, channels, outChannels } = convSizes(call);
  const isDilated = dilation.some((size) => size > 1);
  const flips = transposed && flippedApplies(call);
  if (flips && (isDilated || groups === channels)) return `${operator}/flipped`;
  if (outChannels / groups < fewestOutChannels) return undefined;
  if (transposed && isDilated) return undefined;
  const phases = transposed ? elementCount(stride) : 1;
  const pixels = Math.ceil(elementCount(call.outputs[0]!.shape.slice(2)) / phases);
  const workgroups = ({ tilePixels, tileChannels }: GemmTile) =>
    Math.ceil(pixels / tilePixels) * Math.ceil(outChannels / groups / tileChannels) * groups * items * phases;
  const filled = ({ tilePixels, tileChannels }: GemmTile) =>
    pixels / (Math.ceil(pixels / tilePixels) * tilePixels) >= 0.7 && outChannels / groups >= tileChannels;
  const tile = gemmTiles.findLast((candidate) => filled(candidate) && workgroups(candidate) >= enoughWorkgroups);
  if (tile) return gemmName(operator, tile);
  const parts = splitFor(call, workgroups(gemmTiles[0]!), device);
  if (parts !== undefined && operator === "conv2d") return `conv2d/split${parts}`;
  return parts !== undefined && operator === "convTranspose2d" && flips
    ? "convTranspose2d/flipped"
    : gemmName(operator, gemmTiles[0]!);
}

/** The fewest parts of the channels that occupy the device, for long sums of few outputs. */
function splitFor(call: Call<ConvAttributes>, workgroups: number, device: DeviceTraits): number | undefined {
  const terms = elementCount(call.inputs[1]!.shape) / convSizes(call).outChannels;
  if (terms < fewestTerms || workgroups >= fewWorkgroups) return undefined;
  const applicable = splits.filter((parts) => splitApplies(parts, call, device));
  return applicable.find((parts) => parts * workgroups >= fewWorkgroups) ?? applicable.at(-1);
}
