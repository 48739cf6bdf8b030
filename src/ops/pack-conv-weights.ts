// Weights of dense convolutions with output channels innermost: what the tiled kernels read. Not for users.
import {
  packConvWeightsParams,
  packConvWeights as packConvWeightsShader,
  packConvWeightsWorkgroup,
} from "../../shaders/pack-conv-weights.wgsl.ts";
import { elementCount } from "../tensor.ts";
import { type Kernel, type Operator, operandBytes, params } from "./operator.ts";

export interface PackConvWeightsAttributes {
  /** Output channels are padded with zeros to a multiple of this. */
  readonly multiple: number;
  /** The weight is [C, K, R, S] instead of [K, C, R, S]. */
  readonly transposed: boolean;
}

const gather: Kernel<PackConvWeightsAttributes> = {
  name: "packConvWeights/gather",
  applies: () => true,
  dispatches({ inputs: [weight], outputs: [packed], attrs: { transposed } }, device) {
    const [first, second, rows, columns] = weight!.shape as [number, number, number, number];
    const groups = Math.ceil(elementCount(packed!.shape) / packConvWeightsWorkgroup);
    const x = Math.min(groups, device.maxWorkgroupsPerDimension);
    const values = {
      channels: transposed ? first : second,
      out_channels: transposed ? second : first,
      padded_out_channels: packed!.shape[3]!,
      taps: rows * columns,
      row: x * packConvWeightsWorkgroup,
    };
    return [
      {
        code: packConvWeightsShader({ transposed }),
        bindings: [{ input: 0 }, { output: 0 }],
        params: params(packConvWeightsParams, values),
        workgroups: [x, Math.ceil(groups / x), 1],
      },
    ];
  },
};

/** weight [K, C, R, S] (or [C, K, R, S]) to [C, R, S, Kp] with Kp = K rounded up to a multiple. */
export const packConvWeights: Operator<PackConvWeightsAttributes, PackConvWeightsAttributes> = {
  name: "packConvWeights",
  attributes: (given) => given,
  shape([weight], { multiple, transposed }) {
    const [first, second, rows, columns] = weight!.shape as [number, number, number, number];
    const [outChannels, channels] = transposed ? [second, first] : [first, second];
    return [{ shape: [channels, rows, columns, Math.ceil(outChannels / multiple) * multiple], dtype: "f32" }];
  },
  cost: (call) => ({ flop: 0, bytes: operandBytes(call) }),
  kernels: [gather],
};
