// 1x1 convolutions on software drivers with subgroups, of images and volumes.
import { convPointwiseSubgroup } from "../../shaders/conv-pointwise-subgroup.wgsl.ts";
import type { ConvAttributes } from "./conv-rules.ts";
import { convSizes, isFlat, rowConvParams } from "./conv-sizes.ts";
import { lanesMeasured } from "./conv-subgroup.ts";
import { epilogueBindings, epilogueOperands, epilogueTemplate, isAligned } from "./operands.ts";
import type { Call, DeviceTraits, Kernel } from "./operator.ts";
import { packLaneWeights } from "./pack-lane-weights.ts";

const lanes = lanesMeasured;

/** Vec4 of weights that a lane fetches for a block of channels: more compile for a second and spill more. */
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

/** For the drivers that `subgroupApplies` is for. */
export function pointwiseApplies(call: Call<ConvAttributes>, device: DeviceTraits): boolean {
  if (device.kind !== "software" || device.subgroupSize !== lanes || !isFlat(call)) return false;
  const { height, width, groupChannels, groupOutChannels } = convSizes(call);
  const tiles = Math.ceil(groupOutChannels / tileChannels(groupOutChannels)) * call.attrs.groups;
  const pixelTiles = Math.ceil((height * width) / (4 * lanes));
  return (
    groupChannels > 1 && (height * width) % 4 === 0 && Math.max(tiles, pixelTiles) <= device.maxWorkgroupsPerDimension
  );
}

export const pointwiseSubgroup = (operator: string): Kernel<ConvAttributes> => ({
  name: `${operator}/pointwise-subgroup`,
  applies: pointwiseApplies,
  views: [0],
  residualInPlace: true,
  packs({ attrs: { groups } }) {
    const given = { groups, lanes, channelBlock: 4, byRows: false, transposed: false };
    return [{ input: 1, operator: packLaneWeights, given }];
  },
  dispatches(call) {
    const { items, height, width, groupChannels, groupOutChannels } = convSizes(call);
    const plane = height * width;
    const tile = tileChannels(groupOutChannels);
    return [
      {
        code: convPointwiseSubgroup({
          ...epilogueTemplate(call),
          volume: false,
          lanes,
          tileChannels: tile,
          channelTail: groupChannels % 4 !== 0,
          vectorLoads: isAligned(call.inputs[0]!, plane),
          aligned: epilogueOperands(call).every((operand) => isAligned(operand, plane)),
        }),
        bindings: epilogueBindings(call, 2),
        params: rowConvParams(call),
        workgroups: [Math.ceil(plane / (4 * lanes)), Math.ceil(groupOutChannels / tile) * call.attrs.groups, items],
      },
    ];
  },
});
