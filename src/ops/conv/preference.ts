// Which convolution kernel or decomposition each class of adapter gets for a shape that nobody has tuned there.
// Measured on software adapters; on hardware a guess until a GPU has been tuned (bench/NOTES.md).
// Names are those behind the operator's: `gemm-32x32-4x4` of `conv2d/gemm-32x32-4x4`.
import type { GemmTile } from "../../../shaders/conv/gemm.wgsl.ts";
import { elementCount } from "../../tensor.ts";
import type { DeviceTraits } from "../device-traits.ts";
import type { Operator } from "../operator.ts";
import { gemmName, gemmTiles } from "./gemm.ts";
import type { ConvAttributes, ConvCall } from "./rules.ts";
import { convSizes, isFlat, isVolume, splitApplies, splits } from "./sizes.ts";

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

/** What a call gets that has no wish, or none that applies: the first of these that does, else `direct`. */
const others: readonly string[] = [
  "depthwise-subgroup",
  "depthwise-rows",
  "depthwise-tiled",
  "depthwise",
  "subgroup",
  "tiled-8x8",
  "tiled",
  "phase",
  "pointwise-subgroup",
  ...gemmTiles.map(gemmName).toReversed(),
  "gather",
];

/** The name of a kernel or decomposition of a convolution, `transposed` or not, that applies. */
export function preferConv(
  operator: Operator<ConvAttributes, object, 2>,
  call: ConvCall,
  device: DeviceTraits,
  transposed: boolean,
): string {
  const candidates = [...operator.kernels, ...(operator.decompositions ?? [])];
  const applying = candidates.filter((candidate) => candidate.applies(call, device));
  const names = new Set(applying.map(({ name }) => name.slice(operator.name.length + 1)));
  const wishes = device.kind === "hardware" ? onHardware(call, device, transposed, names) : onSoftware(call, names);
  return `${operator.name}/${[...wishes, ...others].find((name) => names.has(name)) ?? "direct"}`;
}

/** Software drivers gather every load lane by lane: what is loaded has to meet many numbers, or fewer have to be. */
function onSoftware(call: ConvCall, names: ReadonlySet<string>): readonly string[] {
  const { outChannels, groupChannels, outHeight, outWidth } = convSizes(call);
  const outPlane = outHeight * outWidth;
  const isPointwise = groupChannels >= fewestPointwise;
  if (names.has("flipped") && (!names.has("subgroup") || (isFlat(call) && isPointwise))) return ["flipped"];
  if (names.has("pointwise-subgroup") && isPointwise) return ["pointwise-subgroup"];
  if (names.has("subgroup")) return isFlat(call) && outPlane % 4 === 0 && groupChannels > 1 ? ["tiled-8x8"] : [];
  return outPlane >= 256 && Math.min(outChannels, groupChannels) >= 16 ? ["winograd4"] : [];
}

/** Matrix products where they fill their tiles and the device, the device with parts of the channels where they do not. */
function onHardware(
  call: ConvCall,
  device: DeviceTraits,
  transposed: boolean,
  names: ReadonlySet<string>,
): readonly string[] {
  const { groups, stride, dilation } = call.attrs;
  const { items, channels, groupOutChannels } = convSizes(call);
  const first = dilation.some((size) => size > 1) || groups === channels ? ["flipped"] : [];
  if (groupOutChannels < fewestOutChannels) return first;
  const phases = transposed ? elementCount(stride) : 1;
  const pixels = Math.ceil(elementCount(call.outputs[0].shape.slice(2)) / phases);
  const workgroups = ({ tilePixels, tileChannels }: GemmTile) =>
    Math.ceil(pixels / tilePixels) * Math.ceil(groupOutChannels / tileChannels) * groups * items * phases;
  const suits = (tile: GemmTile) => {
    const filled = pixels / (Math.ceil(pixels / tile.tilePixels) * tile.tilePixels);
    return filled >= 0.7 && groupOutChannels >= tile.tileChannels && workgroups(tile) >= enoughWorkgroups;
  };
  const tile = gemmTiles.findLast((candidate) => names.has(gemmName(candidate)) && suits(candidate));
  if (tile) return [...first, gemmName(tile)];
  const [smallest] = gemmTiles;
  const parts = isVolume(call) ? undefined : splitFor(call, workgroups(smallest), device);
  // A transposed convolution splits its channels as the convolution that it is.
  return [...first, ...(parts === undefined ? [] : [`split${parts}`, "flipped"]), gemmName(smallest)];
}

/** The fewest parts of the channels that occupy the device, for long sums of few outputs. */
function splitFor(call: ConvCall, workgroups: number, device: DeviceTraits): number | undefined {
  const terms = elementCount(call.inputs[1].shape) / convSizes(call).outChannels;
  if (terms < fewestTerms || workgroups >= fewWorkgroups) return undefined;
  const applicable = splits.filter((parts) => splitApplies(parts, call, device));
  return applicable.find((parts) => parts * workgroups >= fewWorkgroups) ?? applicable.at(-1);
}
