// The gradient of max pooling, of images and volumes. Not for users.
import { maxPoolGradientParams, maxPoolGradient as shader } from "../../../shaders/pool/max-pool-grad.wgsl.ts";
import type { Width } from "../../../shaders/wgsl/strided.ts";
import { elementCount } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operator } from "../operator.ts";
import { params, viewParams } from "../parameters.ts";
import { floatType, isAligned, storageOf } from "../walk/operands.ts";
import type { InputSize } from "../walk/plane-gradient.ts";
import { asTriple, outputPlanes, planeGrid, planeValues, volumeValues, windowValues } from "../walk/planes.ts";
import type { MaxPoolAttributes } from "./attributes.ts";

export type MaxPoolGradientAttributes = MaxPoolAttributes & InputSize;

/** One pixel per invocation, or four neighbours, which share what they read. */
const gather = (name: string, width: Width): Kernel<MaxPoolGradientAttributes, 2> => ({
  name: `maxPoolGradient/${name}`,
  applies: ({ outputs: [gx] }) => elementCount(gx.shape.slice(-1)) % width === 0,
  views: [0, 1],
  dispatches(call, device) {
    const kernel = asTriple(call.attrs.kernel, 1);
    const dilation = asTriple(call.attrs.dilation, 1);
    const planes = outputPlanes(call);
    const aligned = isAligned(call.outputs[0], planes.width);
    const { grid, workgroups } = planeGrid({ ...planes, width: planes.width / width }, device);
    const values = {
      ...planeValues(call),
      ...volumeValues(call),
      ...viewParams("indices", call.inputs[1]),
      ...windowValues(call.attrs),
      reach_depth: dilation[0] * (kernel[0] - 1) + 1,
      reach_height: dilation[1] * (kernel[1] - 1) + 1,
      reach_width: dilation[2] * (kernel[2] - 1) + 1,
    };
    return [
      {
        code: shader({ width, aligned, storage: storageOf(call), grid }),
        bindings: [{ input: 0 }, { input: 1 }, { output: 0 }],
        params: params(maxPoolGradientParams, values),
        workgroups,
      },
    ];
  },
});

const direct = gather("direct", 1);
const quads = gather("quads", 4);

/**
 * Gives each pixel the gradients of the windows that chose it.
 * - gy: [N, C, P, Q]; indices: i32, of the same shape, as the pool gives them; output: [N, C, inputSize]; volumes have one
 *   axis more.
 */
export const maxPoolGradient: Operator<MaxPoolGradientAttributes, MaxPoolGradientAttributes, 2> = {
  name: "maxPoolGradient",
  attributes: (given) => given,
  shape([gy], { inputSize }) {
    return [{ shape: [...gy.shape.slice(0, 2), ...inputSize], dtype: floatType("maxPoolGradient", [gy]) }];
  },
  cost: (call) => ({ flop: elementCount(call.inputs[0].shape), bytes: operandBytes(call) }),
  kernels: [direct, quads],
  prefer: (call, device) => (quads.applies(call, device) ? quads : direct).name,
};
