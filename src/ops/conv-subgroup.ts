// How convolutions and transposed convolutions share the subgroup kernel: when it applies, its tiles and its packing.

import { type ConvSubgroupTemplate, convSubgroup } from "../../shaders/conv-subgroup.wgsl.ts";
import { convParams } from "./conv-sizes.ts";
import { epilogueBindings, epilogueOperands, epilogueTemplate, isAligned } from "./operands.ts";
import { type Call, cover, type DeviceTraits, type Dispatch, type Pack } from "./operator.ts";
import { type PackLaneWeightsAttributes, packLaneWeights } from "./pack-lane-weights.ts";
import type { Pair, Sides } from "./window.ts";

interface Attributes {
  readonly stride: Pair;
  readonly padding: Sides;
  readonly dilation: Pair;
  readonly groups: number;
}

/** Kernels of more taps are looped over by rows. */
const mostUnrolledTaps = 16;
/** Outputs of a tile are registers, and compile time grows faster than their number. */
const mostTileOutputs = 32;

function groupOutChannels(call: Call<Attributes>): number {
  return call.outputs[0]!.shape[1]! / call.attrs.groups;
}

/** Lanes of the subgroups that this kernel is for. */
const lanesMeasured = 8;

/**
 * Software drivers with subgroups of 8 (lavapipe). With 4 lanes (SwiftShader) the same code takes minutes to compile and
 * gains little; on hardware nobody has measured it.
 */
export function subgroupApplies(call: Call<Attributes>, device: DeviceTraits, transposed: boolean): boolean {
  if (device.kind !== "software" || device.subgroupSize !== lanesMeasured) return false;
  const lanes = lanesMeasured;
  const [, , rows, columns] = call.inputs[1]!.shape as [number, number, number, number];
  const { stride } = call.attrs;
  if (columns > mostUnrolledTaps / 2) return false;
  if (transposed && (rows * columns > mostUnrolledTaps || stride.some((size) => size > 4))) return false;
  const [items] = call.outputs[0]!.shape as [number, number, number, number];
  const tiles = Math.ceil(groupOutChannels(call) / lanes);
  return groupOutChannels(call) * 2 >= lanes && items * call.attrs.groups * tiles <= device.maxWorkgroupsPerDimension;
}

function packing(call: Call<Attributes>, device: DeviceTraits, transposed: boolean): PackLaneWeightsAttributes {
  const [, , rows, columns] = call.inputs[1]!.shape as [number, number, number, number];
  const byRows = rows * columns > mostUnrolledTaps;
  const channelBlock = byRows || rows * columns > 2 ? 1 : 4 / (rows * columns);
  return { groups: call.attrs.groups, lanes: device.subgroupSize!, channelBlock, byRows, transposed };
}

export function subgroupPacks(call: Call<Attributes>, device: DeviceTraits, transposed: boolean): readonly Pack[] {
  return [{ input: 1, operator: packLaneWeights, given: packing(call, device, transposed) }];
}

function tileOf(call: Call<Attributes>, transposed: boolean): Pair {
  const { stride } = call.attrs;
  const rowStep = transposed ? stride[0] : 1;
  const columnStep = transposed && stride[1] === 3 ? 12 : 4;
  const columns = columnStep === 4 && call.outputs[0]!.shape[3]! > 4 ? 8 : columnStep;
  const most = Math.max(rowStep, Math.floor(mostTileOutputs / columns / rowStep) * rowStep);
  return [most, columns];
}

export function subgroupDispatches(
  call: Call<Attributes>,
  device: DeviceTraits,
  transposed: boolean,
): readonly Dispatch[] {
  const { stride, dilation, padding, groups } = call.attrs;
  const [, , rows, columns] = call.inputs[1]!.shape as [number, number, number, number];
  const [items, , outHeight, outWidth] = call.outputs[0]!.shape as [number, number, number, number];
  const { lanes, channelBlock, byRows } = packing(call, device, transposed);
  const tile = tileOf(call, transposed);
  const template: ConvSubgroupTemplate = {
    ...epilogueTemplate(call),
    lanes,
    tile,
    kernel: [rows, columns],
    stride,
    dilation,
    ...(transposed && { transposedPadding: [padding[0], padding[1]] as const }),
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
      workgroups: cover([outWidth, outHeight, items * groups * channelTiles], [tile[1], tile[0], 1]),
    },
  ];
}
