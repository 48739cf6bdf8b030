// How convolutions and transposed convolutions share the subgroup kernel: when it applies, its tiles and its packing.

import { type ConvSubgroupTemplate, convSubgroup } from "../../../shaders/conv/subgroup.wgsl.ts";
import { elementCount } from "../../tensor.ts";
import type { DeviceTraits } from "../device-traits.ts";
import type { Dispatch } from "../operator.ts";
import { epilogueBindings, epilogueOperands, epilogueTemplate, isAligned } from "../walk/operands.ts";
import type { Pair } from "../walk/window.ts";
import { type PackLaneWeightsAttributes, packLaneWeights } from "./pack-lane-weights.ts";
import type { ConvCall, ConvKernel } from "./rules.ts";
import { convParams, convSizes, lastTwo } from "./sizes.ts";

/** Kernels of more taps are looped over by rows. */
const mostUnrolledTaps = 16;
/** Outputs of a tile are registers, and compile time grows faster than their number. */
const mostTileOutputs = 32;

/** Lanes of the subgroups that these kernels are for. */
export const lanesMeasured = 8;

/**
 * Software drivers with subgroups of 8 (lavapipe). With 4 lanes (SwiftShader) the same code takes minutes to compile and
 * gains little; on hardware nobody has measured it.
 */
export function hasMeasuredLanes({ kind, subgroupSize }: DeviceTraits): boolean {
  return kind === "software" && subgroupSize === lanesMeasured;
}

function subgroupApplies(call: ConvCall, device: DeviceTraits, transposed: boolean): boolean {
  if (!hasMeasuredLanes(device)) return false;
  const [rows, columns] = lastTwo(call.inputs[1].shape);
  const { stride } = call.attrs;
  if (columns > mostUnrolledTaps / 2) return false;
  if (transposed && (rows * columns > mostUnrolledTaps || lastTwo(stride).some((size) => size > 4))) return false;
  const fits = subgroupGrid(call, transposed, lanesMeasured).every((size) => size <= device.maxWorkgroupsPerDimension);
  return convSizes(call).groupOutChannels * 2 >= lanesMeasured && fits;
}

function packing(call: ConvCall, device: DeviceTraits, transposed: boolean): PackLaneWeightsAttributes {
  const [rows, columns] = lastTwo(call.inputs[1].shape);
  const byRows = rows * columns > mostUnrolledTaps;
  const channelBlock = byRows || rows * columns > 2 ? 1 : 4 / (rows * columns);
  return { groups: call.attrs.groups, lanes: device.subgroupSize!, channelBlock, byRows, transposed };
}

function tileOf(call: ConvCall, transposed: boolean): Pair {
  const stride = lastTwo(call.attrs.stride);
  const rowStep = transposed ? stride[0] : 1;
  const columnStep = transposed && stride[1] === 3 ? 12 : 4;
  const columns = columnStep === 4 && convSizes(call).outWidth > 4 ? 8 : columnStep;
  const most = Math.max(rowStep, Math.floor(mostTileOutputs / columns / rowStep) * rowStep);
  return [most, columns];
}

/** x over tiles of a row, y over those of all slices' columns, z over items and tiles of channels. */
function subgroupGrid(call: ConvCall, transposed: boolean, lanes: number): readonly [x: number, y: number, z: number] {
  const { items, outWidth, groupOutChannels } = convSizes(call);
  const [outHeight] = lastTwo(call.outputs[0].shape);
  const slices = elementCount(call.outputs[0].shape.slice(2, -2));
  const tile = tileOf(call, transposed);
  const channelTiles = Math.ceil(groupOutChannels / lanes);
  return [
    Math.ceil(outWidth / tile[1]),
    Math.ceil(outHeight / tile[0]) * slices,
    items * call.attrs.groups * channelTiles,
  ];
}

function subgroupDispatches(call: ConvCall, device: DeviceTraits, transposed: boolean): readonly Dispatch[] {
  const { padding } = call.attrs;
  const { outWidth } = convSizes(call);
  const [rows, columns] = lastTwo(call.inputs[1].shape);
  const { lanes, channelBlock, byRows } = packing(call, device, transposed);
  const tile = tileOf(call, transposed);
  const template: ConvSubgroupTemplate = {
    ...epilogueTemplate(call),
    lanes,
    tile,
    kernel: [rows, columns],
    stride: lastTwo(call.attrs.stride),
    dilation: lastTwo(call.attrs.dilation),
    ...(transposed && { transposedPadding: lastTwo(padding.slice(0, padding.length / 2)) }),
    channelBlock,
    loopRows: byRows,
    aligned: epilogueOperands(call).every((operand) => isAligned(operand, outWidth)),
  };
  return [
    {
      code: convSubgroup(template),
      bindings: epilogueBindings(call, 2),
      params: convParams(call),
      workgroups: subgroupGrid(call, transposed, lanes),
    },
  ];
}

export const subgroup = (operator: string, transposed: boolean): ConvKernel => ({
  name: `${operator}/subgroup`,
  applies: (call, device) => subgroupApplies(call, device, transposed),
  views: [0],
  residualInPlace: true,
  packs: (call, device) => [{ input: 1, operator: packLaneWeights, given: packing(call, device, transposed) }],
  dispatches: (call, device) => subgroupDispatches(call, device, transposed),
});
