// Weights of a transposed convolution as those of the convolution that computes the same where the stride is 1. Not for users.
import {
  flipConvWeightsParams,
  flipConvWeights as flipConvWeightsShader,
  flipConvWeightsWorkgroup,
} from "../../../shaders/conv/flip-weights.wgsl.ts";
import { elementCount } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import { spread } from "../grid.ts";
import type { Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { dimensions } from "../walk/dimensions.ts";
import { floatType, storageOf } from "../walk/operands.ts";

export interface FlipConvWeightsAttributes {
  readonly groups: number;
}

const gather: Kernel<FlipConvWeightsAttributes> = {
  name: "flipConvWeights/gather",
  applies: () => true,
  dispatches(call, device) {
    const [channels, groupOutChannels, ...kernel] = dimensions(call.inputs[0].shape, 2);
    const elements = elementCount(call.outputs[0].shape);
    const [x, y] = spread(Math.ceil(elements / flipConvWeightsWorkgroup), device);
    const values = {
      elements,
      group_channels: channels / call.attrs.groups,
      group_out_channels: groupOutChannels,
      taps: elementCount(kernel),
      row: x * flipConvWeightsWorkgroup,
    };
    return [
      {
        code: flipConvWeightsShader({ storage: storageOf(call) }),
        bindings: [{ input: 0 }, { output: 0 }],
        params: params(flipConvWeightsParams, values),
        workgroups: [x, y, 1],
      },
    ];
  },
};

/** weight [C, K/G, R, S] to [K, C/G, R, S], with every kernel flipped along all of its axes; volumes' too. */
export const flipConvWeights: Operator<FlipConvWeightsAttributes, FlipConvWeightsAttributes> = {
  name: "flipConvWeights",
  attributes: (given) => given,
  shape(inputs, { groups }) {
    const [channels, groupOutChannels, ...kernel] = dimensions(inputs[0].shape, 2);
    const shape = [groupOutChannels * groups, channels / groups, ...kernel];
    return [{ shape, dtype: floatType("flipConvWeights", inputs) }];
  },
  cost: (call) => ({ flop: 0, bytes: operandBytes(call) }),
  kernels: [gather],
};
