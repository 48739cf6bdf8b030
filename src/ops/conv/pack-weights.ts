// Weights of convolutions with output channels innermost: what the tiled kernels and matrix products read. Not for users.
import {
  packConvWeightsParams,
  packConvWeights as packConvWeightsShader,
  packConvWeightsWorkgroup,
} from "../../../shaders/conv/pack-weights.wgsl.ts";
import { elementCount } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import { spread } from "../grid.ts";
import type { Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { dimensions } from "../walk/dimensions.ts";

export interface PackConvWeightsAttributes {
  /** Output channels of each group are padded with zeros to a multiple of this. */
  readonly multiple: number;
  /** The weight is [C, K/G, R, S] instead of [K, C/G, R, S]. */
  readonly transposed: boolean;
  readonly groups: number;
}

const gather: Kernel<PackConvWeightsAttributes> = {
  name: "packConvWeights/gather",
  applies: () => true,
  dispatches({ inputs: [weight], outputs: [packed], attrs: { transposed, groups } }, device) {
    const [first, second, ...kernel] = dimensions(weight.shape, 2);
    const workgroups = Math.ceil(elementCount(packed.shape) / packConvWeightsWorkgroup);
    const [x, y] = spread(workgroups, device);
    const values = {
      groups,
      group_channels: transposed ? first / groups : second,
      group_out_channels: transposed ? second : first / groups,
      padded_out_channels: elementCount(packed.shape.slice(-1)),
      taps: elementCount(kernel),
      row: x * packConvWeightsWorkgroup,
    };
    return [
      {
        code: packConvWeightsShader({ transposed, storage: weight.dtype === "f16" ? "f16" : "f32" }),
        bindings: [{ input: 0 }, { output: 0 }],
        params: params(packConvWeightsParams, values),
        workgroups: [x, y, 1],
      },
    ];
  },
};

/** weight [K, C/G, R, S] (or [C, K/G, R, S]) to [G, C/G, R, S, Kp] with Kp = K/G rounded up to a multiple; T before R too. */
export const packConvWeights: Operator<PackConvWeightsAttributes, PackConvWeightsAttributes> = {
  name: "packConvWeights",
  attributes: (given) => given,
  shape([weight], { multiple, transposed, groups }) {
    const [first, second, ...kernel] = dimensions(weight.shape, 2);
    const channels = transposed ? first / groups : second;
    const outChannels = transposed ? second : first / groups;
    const padded = Math.ceil(outChannels / multiple) * multiple;
    return [{ shape: [groups, channels, ...kernel, padded], dtype: weight.dtype }];
  },
  cost: (call) => ({ flop: 0, bytes: operandBytes(call) }),
  kernels: [gather],
};
