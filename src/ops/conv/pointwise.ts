// 1x1 convolutions on software drivers with subgroups, of images and volumes.
import { convPointwiseSubgroup } from "../../../shaders/conv/pointwise-subgroup.wgsl.ts";
import type { DeviceTraits } from "../device-traits.ts";
import { epilogueBindings, epilogueOperands, epilogueTemplate, isAligned } from "../walk/operands.ts";
import { packLaneWeights } from "./pack-lane-weights.ts";
import type { ConvCall, ConvKernel } from "./rules.ts";
import { convParams, convSizes, isFlat, isVolume, rowConvParams } from "./sizes.ts";
import { hasMeasuredLanes, lanesMeasured } from "./subgroup.ts";

const lanes = lanesMeasured;

/** Vec4 of weights that a lane fetches for a block of channels: more take a second to compile and spill more. */
const mostVectors = 4;

/** The fewest loads, of pixels and weights, for all channels; the larger tile where two are level. */
function tileChannels(outChannels: number): number {
  if (outChannels < lanes) return outChannels;
  const packed = Math.ceil(outChannels / lanes);
  const loads = (vectors: number) => Math.ceil(packed / vectors) * (vectors + 1);
  let best = 1;
  for (let vectors = 2; vectors <= mostVectors; vectors++) if (loads(vectors) <= loads(best)) best = vectors;
  return best * lanes;
}

function pointwiseApplies(call: ConvCall, device: DeviceTraits): boolean {
  if (!hasMeasuredLanes(device)) return false;
  const { kernelHeight, kernelWidth, groupChannels, groupOutChannels, outHeight, outWidth } = convSizes(call);
  const isPointwise = kernelHeight * kernelWidth === 1 && call.attrs.padding.every((size) => size === 0);
  if (!isPointwise || groupChannels === 1 || (isVolume(call) && !isFlat(call))) return false;
  const tiles = Math.ceil(groupOutChannels / tileChannels(groupOutChannels)) * call.attrs.groups;
  const pixelTiles = Math.ceil((outHeight * outWidth) / (4 * lanes));
  return Math.max(tiles, pixelTiles) <= device.maxWorkgroupsPerDimension;
}

export const pointwiseSubgroup = (operator: string): ConvKernel => ({
  name: `${operator}/pointwise-subgroup`,
  applies: pointwiseApplies,
  views: [0],
  residualInPlace: true,
  packs({ attrs: { groups } }) {
    const given = { groups, lanes, channelBlock: 4, byRows: false, transposed: false };
    return [{ input: 1, operator: packLaneWeights, given }];
  },
  dispatches(call) {
    const { items, groupChannels, groupOutChannels, outHeight, outWidth } = convSizes(call);
    const flat = isFlat(call);
    const outPlane = outHeight * outWidth;
    const tile = tileChannels(groupOutChannels);
    return [
      {
        code: convPointwiseSubgroup({
          ...epilogueTemplate(call),
          volume: false,
          lanes,
          tileChannels: tile,
          channelTail: groupChannels % 4 !== 0,
          vectorLoads: flat && isAligned(call.inputs[0], outPlane),
          aligned: epilogueOperands(call).every((operand) => isAligned(operand, outPlane)),
        }),
        bindings: epilogueBindings(call, 2),
        params: flat ? rowConvParams(call) : convParams(call),
        workgroups: [Math.ceil(outPlane / (4 * lanes)), Math.ceil(groupOutChannels / tile) * call.attrs.groups, items],
      },
    ];
  },
});
