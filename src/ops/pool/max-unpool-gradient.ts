// The gradient of max unpooling, of images and volumes. Not for users.
import { type MaxUnpoolTemplate, maxUnpoolParams } from "../../../shaders/pool/max-unpool.wgsl.ts";
import { maxUnpoolGradient as shader } from "../../../shaders/pool/max-unpool-grad.wgsl.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operator } from "../operator.ts";
import { params, viewParams } from "../parameters.ts";
import { floatType, storageOf } from "../walk/operands.ts";
import { outputPlanes, planeGrid, planeValues, volumeValues, windowValues } from "../walk/planes.ts";
import type { MaxUnpoolAttributes } from "./attributes.ts";

/** A kernel of one invocation per output element, of what is read and the indices. */
export const unpoolKernel = (
  name: string,
  shader: (t: MaxUnpoolTemplate) => string,
): Kernel<MaxUnpoolAttributes, 2> => ({
  name,
  applies: () => true,
  views: [0, 1],
  dispatches(call, device) {
    const { grid, workgroups } = planeGrid(outputPlanes(call), device);
    const values = {
      ...planeValues(call),
      ...volumeValues(call),
      ...viewParams("indices", call.inputs[1]),
      ...windowValues(call.attrs),
    };
    return [
      {
        code: shader({ storage: storageOf(call), grid }),
        bindings: [{ input: 0 }, { input: 1 }, { output: 0 }],
        params: params(maxUnpoolParams, values),
        workgroups,
      },
    ];
  },
});

/**
 * Gives each maximum the gradient of the pixel that it was put at.
 * - gy: [N, C, H, W]; indices: i32 [N, C, P, Q]; output: [N, C, P, Q]; volumes have one axis more.
 */
export const maxUnpoolGradient: Operator<MaxUnpoolAttributes, MaxUnpoolAttributes, 2> = {
  name: "maxUnpoolGradient",
  attributes: (given) => given,
  shape: ([gy, indices]) => [{ shape: indices.shape, dtype: floatType("maxUnpoolGradient", [gy]) }],
  cost: (call) => ({ flop: 0, bytes: operandBytes(call) }),
  kernels: [unpoolKernel("maxUnpoolGradient/direct", shader)],
};
