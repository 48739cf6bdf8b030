// The gradient of both softmaxes, from their output. Not for users.

import { softmaxGradientShader } from "../../../shaders/norm/softmax-grad.wgsl.ts";
import { columnSpec } from "../../../shaders/wgsl/columns.ts";
import { elementCount } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { resolveAxis } from "../walk/axes.ts";
import { columnWalk } from "../walk/columns.ts";
import { floatType, storageOf } from "../walk/operands.ts";
import { flatGrid } from "../walk/strided.ts";

export interface SoftmaxGradientAttributes {
  readonly axis: number;
  /** Whether y is the logarithm. */
  readonly log: boolean;
}

const columns: Kernel<SoftmaxGradientAttributes, 2> = {
  name: "softmaxGradient/columns",
  applies: () => true,
  views: "all",
  dispatches(call, device) {
    const {
      inputs: [g, y],
      outputs: [x],
      attrs,
    } = call;
    const axis = resolveAxis("softmaxGradient", attrs.axis, y.shape);
    const { template, count, values } = columnWalk(axis, { g, y, x });
    return [
      {
        code: softmaxGradientShader({ ...template, storage: storageOf(call), log: attrs.log }),
        bindings: [{ input: 0 }, { input: 1 }, { output: 0 }],
        params: params(columnSpec(template), values),
        workgroups: flatGrid(count, device),
      },
    ];
  },
};

/**
 * y * (gy - sum of gy * y) along an axis, or gy - exp(y) * sum of gy where y is the logarithm.
 * - gy, y, output: the same shape
 */
export const softmaxGradient: Operator<SoftmaxGradientAttributes, SoftmaxGradientAttributes, 2> = {
  name: "softmaxGradient",
  attributes: (given) => given,
  shape: (inputs) => [{ shape: inputs[1].shape, dtype: floatType("softmaxGradient", inputs) }],
  cost: (call) => ({ flop: 4 * elementCount(call.outputs[0].shape), bytes: operandBytes(call) }),
  kernels: [columns],
};
