// Batch normalization with given statistics (PyTorch's eval mode).
import { batchNormShader, batchNormSpec } from "../../../shaders/norm/batch-norm.wgsl.ts";
import { ShapeError } from "../../errors.ts";
import { elementCount } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { allBindings, channelsOf, floatType, requireChannels, requireF32, storageOf } from "../walk/operands.ts";
import { flatGrid, strided, walk } from "../walk/strided.ts";
import { batchNormGradients } from "./batch-norm-gradient.ts";
import { foldBatchNorm } from "./fold-batch-norm.ts";

export interface BatchNormAttributes {
  readonly eps: number;
}

export interface BatchNormGiven {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
}

const strides: Kernel<BatchNormAttributes> = {
  name: "batchNorm/strided",
  applies: () => true,
  views: [0],
  dispatches(call, device) {
    const [x, y] = [call.inputs[0], call.outputs[0]];
    const channel = { offset: 0, strides: y.shape.map((_, axis) => (axis === 1 ? 1 : 0)) };
    const plan = walk(y.shape, { x: strided(x), c: channel, y: strided(y) });
    return [
      {
        code: batchNormShader({ ...plan.template, storage: storageOf(call) }),
        bindings: allBindings(call),
        params: params(batchNormSpec(plan.template), { ...plan.values, eps: call.attrs.eps }),
        workgroups: flatGrid(plan.count, device),
      },
    ];
  },
};

/**
 * Normalizes each channel with given statistics: (x - mean) / sqrt(variance + eps) * gamma + beta.
 * - x, output: [N, C, ...]; gamma, beta, mean, variance: [C]
 * - gradient: of all five; x is kept for those of gamma and variance alone.
 * Folds into the weight of a convolution before it (foldBatchNorm).
 * Throws ShapeError if x has no channel axis or the others are not [C].
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html
 */
export const batchNorm: Operator<BatchNormAttributes, BatchNormGiven, 5> = {
  name: "batchNorm",
  attributes({ eps = 1e-5 }) {
    if (!(eps >= 0 && eps < Number.POSITIVE_INFINITY))
      throw new ShapeError(`batchNorm: eps is ${eps}, expected at least 0`);
    return { eps };
  },
  shape(inputs) {
    const [x] = inputs;
    const dtype = floatType("batchNorm", [x]);
    requireF32("batchNorm", inputs, [1, 2, 3, 4]);
    requireChannels("batchNorm", inputs.slice(1), channelsOf("batchNorm", x));
    return [{ shape: x.shape, dtype }];
  },
  cost: (call) => ({ flop: 3 * elementCount(call.outputs[0].shape), bytes: operandBytes(call) }),
  fullInputs: [1, 2, 3, 4],
  initial: () => [undefined, { constant: 1 }, { constant: 0 }, { constant: 0 }, { constant: 1 }],
  fold: ({ eps }, target) => ({ operator: foldBatchNorm, given: { eps, ...target } }),
  kernels: [strides],
  gradient: (context) => batchNormGradients(context),
};
