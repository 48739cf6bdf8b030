// Weights with the channels of a subgroup side by side: what the subgroup convolutions read. Not for users.
import {
  packLaneWeightsParams,
  packLaneWeights as packLaneWeightsShader,
  packLaneWeightsWorkgroup,
} from "../../../shaders/conv/pack-lane-weights.wgsl.ts";
import { elementCount, type TensorType } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import { spread } from "../grid.ts";
import type { Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { dimensions } from "../walk/dimensions.ts";

export interface PackLaneWeightsAttributes {
  readonly groups: number;
  /** Output channels side by side. */
  readonly lanes: number;
  /** Input channels whose taps are packed into common vec4. */
  readonly channelBlock: number;
  /** Each kernel row begins with a vec4 of its own; without, each slice of a volume's kernel does. */
  readonly byRows: boolean;
  /** The weight is [C, K/G, R, S] instead of [K, C/G, R, S]. */
  readonly transposed: boolean;
}

function sizes(weight: TensorType, { groups, transposed, lanes, channelBlock, byRows }: PackLaneWeightsAttributes) {
  const [first, second, ...kernel] = dimensions(weight.shape, 2);
  const [rows, columns] = [elementCount(kernel.slice(0, -1)), elementCount(kernel.slice(-1))];
  const groupChannels = transposed ? first / groups : second;
  const groupOutChannels = transposed ? second : first / groups;
  const steps = byRows ? rows : elementCount(kernel.slice(0, -2));
  const vectors = Math.ceil((channelBlock * (rows / steps) * columns) / 4);
  const channelTiles = Math.ceil(groupOutChannels / lanes);
  return { rows, columns, groupChannels, groupOutChannels, steps, vectors, channelTiles };
}

const gather: Kernel<PackLaneWeightsAttributes> = {
  name: "packLaneWeights/gather",
  applies: () => true,
  dispatches({ inputs: [weight], outputs: [packed], attrs }, device) {
    const size = sizes(weight, attrs);
    const storage = weight.dtype === "f16" ? "f16" : "f32";
    const workgroups = Math.ceil(elementCount(packed.shape) / 4 / packLaneWeightsWorkgroup);
    const [x, y] = spread(workgroups, device);
    const { lanes, channelBlock, transposed } = attrs;
    const { rows: kernelHeight, columns: kernelWidth, steps, vectors } = size;
    return [
      {
        code: packLaneWeightsShader({
          storage,
          transposed,
          lanes,
          channelBlock,
          kernelHeight,
          kernelWidth,
          steps,
          vectors,
        }),
        bindings: [{ input: 0 }, { output: 0 }],
        params: params(packLaneWeightsParams, {
          group_channels: size.groupChannels,
          group_out_channels: size.groupOutChannels,
          groups: attrs.groups,
          channel_tiles: size.channelTiles,
          row: x * packLaneWeightsWorkgroup,
        }),
        workgroups: [x, y, 1],
      },
    ];
  },
};

/**
 * weight [K, C/G, R, S] (or [C, K/G, R, S]) to [G, channel tiles, blocks, steps, vectors, lanes, 4], padded with zeros; T
 * before R too.
 */
export const packLaneWeights: Operator<PackLaneWeightsAttributes, PackLaneWeightsAttributes> = {
  name: "packLaneWeights",
  attributes: (given) => given,
  shape([weight], attrs) {
    const { groupChannels, steps, vectors, channelTiles } = sizes(weight, attrs);
    const blocks = Math.ceil(groupChannels / attrs.channelBlock);
    return [{ shape: [attrs.groups, channelTiles, blocks, steps, vectors, attrs.lanes, 4], dtype: weight.dtype }];
  },
  cost: (call) => ({ flop: 0, bytes: operandBytes(call) }),
  kernels: [gather],
};
