// The weight gradient's kernel for software drivers with subgroups: when it applies, its tiles and its packing.
import { convWeightGradSubgroup } from "../../../shaders/conv/weight-grad-subgroup.wgsl.ts";
import { elementCount } from "../../tensor.ts";
import { spread } from "../grid.ts";
import { transpose } from "../move/transpose.ts";
import { dimensions } from "../walk/dimensions.ts";
import { isAligned } from "../walk/operands.ts";
import type { Pair } from "../walk/window.ts";
import { convSizes, lastTwo } from "./sizes.ts";
import { hasMeasuredLanes, lanesMeasured } from "./subgroup.ts";
import {
  forwardCall,
  gradientDispatches,
  isUnrolled,
  template,
  type WeightGradientCall,
  type WeightGradientKernel,
} from "./weight-call.ts";

/** Sums per lane are registers, twice, and compile time grows faster than their number. */
const mostSums = 18;
/** Pixels of gy that are held at once. */
const mostPixels = 8;

/** Rows of gy that cannot be read as vec4 are packed channel by channel, if those can. */
function vectorsOf(call: WeightGradientCall): "pixels" | "channels" | undefined {
  const { outWidth, groupOutChannels } = convSizes(forwardCall(call));
  if (isAligned(call.inputs[1], outWidth)) return groupOutChannels * 2 >= lanesMeasured ? "pixels" : undefined;
  return groupOutChannels % 4 === 0 && groupOutChannels >= lanesMeasured * 2 ? "channels" : undefined;
}

function tileOf(call: WeightGradientCall) {
  const { groupOutChannels, groupChannels, outWidth } = convSizes(forwardCall(call));
  const vectors = vectorsOf(call) ?? "pixels";
  const [rows, columns] = lastTwo(call.attrs.kernel);
  const kernel: Pair = [rows * columns <= mostSums ? rows : 1, columns];
  const taps = kernel[0] * kernel[1];
  const outChannels = vectors === "channels" ? 4 : groupOutChannels > lanesMeasured && taps * 2 <= mostSums ? 2 : 1;
  const channels = Math.max(1, Math.min(8, Math.floor(mostSums / taps / outChannels), groupChannels));
  const width = vectors === "pixels" ? 4 : Math.ceil(outWidth / Math.ceil(outWidth / 5));
  const tile: Pair = [Math.floor(mostPixels / width), width];
  return { vectors, kernel, outChannels, channels, tile };
}

/** One per tile of output channels, of channels, of kernel rows, and part. */
export function subgroupWorkgroups(call: WeightGradientCall): number {
  const { groupChannels, groupOutChannels } = convSizes(forwardCall(call));
  const { outChannels, channels, kernel } = tileOf(call);
  const channelTiles =
    Math.ceil(groupOutChannels / (lanesMeasured * outChannels)) * Math.ceil(groupChannels / channels);
  const rowTiles = elementCount(call.attrs.kernel.slice(0, -1)) / kernel[0];
  return channelTiles * rowTiles * call.attrs.groups * call.attrs.parts;
}

export const subgroup: WeightGradientKernel = {
  name: "convWeightGradient/subgroup",
  applies(call, device) {
    return hasMeasuredLanes(device) && isUnrolled(call) && vectorsOf(call) !== undefined;
  },
  views: [0],
  packs(call) {
    if (vectorsOf(call) === "pixels") return [];
    const [items, channels, ...pixels] = dimensions([...call.inputs[1].shape.keys()], 2);
    return [{ input: 1, operator: transpose, given: { permutation: [items, ...pixels, channels] } }];
  },
  dispatches(call, device) {
    const code = convWeightGradSubgroup({
      ...template(call),
      ...tileOf(call),
      lanes: lanesMeasured,
      stride: lastTwo(call.attrs.stride),
      dilation: lastTwo(call.attrs.dilation),
    });
    return gradientDispatches(call, code, [...spread(subgroupWorkgroups(call), device), 1]);
  },
};
