// How convolutions and transposed convolutions share the subgroup kernel: when it applies, its tiles and its packing.

import { type ConvSubgroupTemplate, convSubgroup } from "../../../shaders/conv/subgroup.wgsl.ts";
import { elementCount } from "../../tensor.ts";
import type { DeviceTraits } from "../device-traits.ts";
import type { Call, Dispatch, Kernel } from "../operator.ts";
import { epilogueBindings, epilogueOperands, epilogueTemplate, isAligned } from "../walk/operands.ts";
import type { Pair } from "../walk/window.ts";
import { type PackLaneWeightsAttributes, packLaneWeights } from "./pack-lane-weights.ts";
import type { ConvAttributes } from "./rules.ts";
import { convParams } from "./sizes.ts";

/** Kernels of more taps are looped over by rows. */
const mostUnrolledTaps = 16;
/** Outputs of a tile are registers, and compile time grows faster than their number. */
const mostTileOutputs = 32;

/** Rows and columns, without the slices of a volume. */
export function lastTwo(sizes: readonly number[]): Pair {
  return [sizes.at(-2)!, sizes.at(-1)!];
}

function groupOutChannels(call: Call<ConvAttributes>): number {
  return call.outputs[0]!.shape[1]! / call.attrs.groups;
}

/** Lanes of the subgroups that these kernels are for. */
export const lanesMeasured = 8;

/**
 * Software drivers with subgroups of 8 (lavapipe). With 4 lanes (SwiftShader) the same code takes minutes to compile and
 * gains little; on hardware nobody has measured it.
 */
export function hasMeasuredLanes({ kind, subgroupSize }: DeviceTraits): boolean {
  return kind === "software" && subgroupSize === lanesMeasured;
}

export function subgroupApplies(call: Call<ConvAttributes>, device: DeviceTraits, transposed: boolean): boolean {
  if (!hasMeasuredLanes(device)) return false;
  const lanes = lanesMeasured;
  const [rows, columns] = lastTwo(call.inputs[1]!.shape.slice(2));
  const { stride } = call.attrs;
  if (columns > mostUnrolledTaps / 2) return false;
  if (transposed && (rows * columns > mostUnrolledTaps || lastTwo(stride).some((size) => size > 4))) return false;
  const [items] = call.outputs[0]!.shape as [number, number, number, number];
  const tiles = Math.ceil(groupOutChannels(call) / lanes);
  return groupOutChannels(call) * 2 >= lanes && items * call.attrs.groups * tiles <= device.maxWorkgroupsPerDimension;
}

function packing(call: Call<ConvAttributes>, device: DeviceTraits, transposed: boolean): PackLaneWeightsAttributes {
  const [rows, columns] = lastTwo(call.inputs[1]!.shape.slice(2));
  const byRows = rows * columns > mostUnrolledTaps;
  const channelBlock = byRows || rows * columns > 2 ? 1 : 4 / (rows * columns);
  return { groups: call.attrs.groups, lanes: device.subgroupSize!, channelBlock, byRows, transposed };
}

function tileOf(call: Call<ConvAttributes>, transposed: boolean): Pair {
  const stride = lastTwo(call.attrs.stride);
  const rowStep = transposed ? stride[0] : 1;
  const columnStep = transposed && stride[1] === 3 ? 12 : 4;
  const columns = columnStep === 4 && call.outputs[0]!.shape.at(-1)! > 4 ? 8 : columnStep;
  const most = Math.max(rowStep, Math.floor(mostTileOutputs / columns / rowStep) * rowStep);
  return [most, columns];
}

function subgroupDispatches(
  call: Call<ConvAttributes>,
  device: DeviceTraits,
  transposed: boolean,
): readonly Dispatch[] {
  const { groups } = call.attrs;
  const [rows, columns] = lastTwo(call.inputs[1]!.shape.slice(2));
  const [items, , ...sizes] = call.outputs[0]!.shape as [number, number, ...number[]];
  const [outHeight, outWidth] = lastTwo(sizes);
  const slices = elementCount(sizes.slice(0, -2));
  const { lanes, channelBlock, byRows } = packing(call, device, transposed);
  const tile = tileOf(call, transposed);
  const template: ConvSubgroupTemplate = {
    ...epilogueTemplate(call),
    lanes,
    tile,
    kernel: [rows, columns],
    stride: lastTwo(call.attrs.stride),
    dilation: lastTwo(call.attrs.dilation),
    ...(transposed && { transposedPadding: lastTwo(call.attrs.padding.slice(0, sizes.length)) }),
    channelBlock,
    loopRows: byRows,
    aligned: epilogueOperands(call).every((operand) => isAligned(operand, outWidth)),
  };
  const channelTiles = Math.ceil(groupOutChannels(call) / lanes);
  return [
    {
      code: convSubgroup(template),
      bindings: epilogueBindings(call, 2),
      params: convParams(call),
      workgroups: [
        Math.ceil(outWidth / tile[1]),
        Math.ceil(outHeight / tile[0]) * slices,
        items * groups * channelTiles,
      ],
    },
  ];
}

export const subgroup = (operator: string, transposed: boolean): Kernel<ConvAttributes> => ({
  name: `${operator}/subgroup`,
  applies: (call, device) => subgroupApplies(call, device, transposed),
  views: [0],
  residualInPlace: true,
  packs: (call, device) => [{ input: 1, operator: packLaneWeights, given: packing(call, device, transposed) }],
  dispatches: (call, device) => subgroupDispatches(call, device, transposed),
});
