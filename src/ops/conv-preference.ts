// Which convolution kernel a hardware adapter gets for a shape that nobody has tuned there.
import type { GemmTile } from "../../shaders/conv-gemm.wgsl.ts";
import { gemmName, gemmTiles } from "./conv-gemm.ts";
import type { Call, DeviceTraits } from "./operator.ts";
import type { Pair } from "./window.ts";

interface Attributes {
  readonly stride: Pair;
  readonly groups: number;
  readonly dilation: Pair;
}

/** Fewer output channels per group than this leave a matrix product's tile mostly empty. */
const fewestOutChannels = 16;

/** Enough to occupy a large GPU; more workgroups are worth less than larger tiles. */
const enoughWorkgroups = 256;

/** Undefined on software adapters, and where a matrix product does not pay: there the last kernel that applies is taken. */
export function preferConv(
  operator: "conv2d" | "convTranspose2d",
  call: Call<Attributes>,
  device: DeviceTraits,
): string | undefined {
  const { groups, stride, dilation } = call.attrs;
  const transposed = operator === "convTranspose2d";
  const [items, outChannels, height, width] = call.outputs[0]!.shape as [number, number, number, number];
  if (device.kind !== "hardware" || outChannels / groups < fewestOutChannels) return undefined;
  if (transposed && dilation.some((size) => size > 1)) return undefined;
  const phases = transposed ? stride[0] * stride[1] : 1;
  const pixels = Math.ceil((height * width) / phases);
  const workgroups = ({ tilePixels, tileChannels }: GemmTile) =>
    Math.ceil(pixels / tilePixels) * Math.ceil(outChannels / groups / tileChannels) * groups * items * phases;
  const filled = ({ tilePixels, tileChannels }: GemmTile) =>
    pixels / (Math.ceil(pixels / tilePixels) * tilePixels) >= 0.7 && outChannels / groups >= tileChannels;
  const tile = gemmTiles.findLast((candidate) => filled(candidate) && workgroups(candidate) >= enoughWorkgroups);
  return gemmName(operator, tile ?? gemmTiles[0]!);
}
