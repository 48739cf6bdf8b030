// Merges a batch normalization into the weight and bias of the convolution before it.
import { foldBias, foldSpec, foldWeight } from "../../../shaders/norm/fold-batch-norm.wgsl.ts";
import { ShapeError } from "../../errors.ts";
import { elementCount } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { requireAxis, resolveAxis } from "../walk/axes.ts";
import { requireChannels, requireF32 } from "../walk/operands.ts";
import { flatGrid, strided, walk } from "../walk/strided.ts";

export interface FoldBatchNormAttributes {
  readonly eps: number;
  readonly axis: number;
  readonly bias: boolean;
}

export interface FoldBatchNormGiven {
  /** The eps of the batch normalization. */
  readonly eps: number;
  /** The weight's axis of output channels. */
  readonly axis: number;
  /** Whether the convolution has a bias; it is the input after the weight then. */
  readonly bias: boolean;
}

const strides: Kernel<FoldBatchNormAttributes> = {
  name: "foldBatchNorm/strided",
  applies: () => true,
  dispatches(call, device) {
    const { eps, bias } = call.attrs;
    const [weight] = call.inputs;
    const axis = resolveAxis("foldBatchNorm", call.attrs.axis, weight.shape);
    const channel = { offset: 0, strides: weight.shape.map((_, a) => (a === axis ? 1 : 0)) };
    const scaled = walk(weight.shape, { w: strided(weight), c: channel });
    const shifted = walk([weight.shape[axis]!], { c: { offset: 0, strides: [1] } });
    const first = bias ? 2 : 1;
    const [gamma, variance] = [{ input: first }, { input: first + 3 }];
    return [
      {
        code: foldWeight(scaled.template),
        bindings: [{ input: 0 }, gamma, variance, { output: 0 }],
        params: params(foldSpec(scaled.template), { ...scaled.values, eps }),
        workgroups: flatGrid(scaled.count, device),
      },
      {
        code: foldBias({ ...shifted.template, bias }),
        bindings: [...call.inputs.slice(1).map((_, i) => ({ input: i + 1 })), { output: 1 }],
        params: params(foldSpec(shifted.template), { ...shifted.values, eps }),
        workgroups: flatGrid(shifted.count, device),
      },
    ];
  },
};

/**
 * Weight and bias of a convolution that normalizes too: with scale = gamma / sqrt(variance + eps),
 * batchNorm(conv(x, weight) + bias) = conv(x, weight * scale) + beta + (bias - mean) * scale.
 * - weight: [...] with C output channels along `axis`; optional bias: [C]; gamma, beta, mean, variance: [C]
 * - outputs: weight of the same shape; bias [C]
 * Throws ShapeError if a vector is not [C].
 */
export const foldBatchNorm: Operator<FoldBatchNormAttributes, FoldBatchNormGiven> = {
  name: "foldBatchNorm",
  attributes({ eps, axis, bias }) {
    return { eps, axis: requireAxis("foldBatchNorm", axis), bias };
  },
  shape(inputs, { axis, bias }) {
    const [weight, ...vectors] = inputs;
    requireF32("foldBatchNorm", inputs, inputs.keys());
    const expected = bias ? 5 : 4;
    if (vectors.length !== expected) {
      throw new ShapeError(
        `foldBatchNorm: got ${inputs.length} inputs, expected weight, ${bias ? "bias, " : ""}gamma, beta, mean, variance`,
      );
    }
    const channels = weight.shape[resolveAxis("foldBatchNorm", axis, weight.shape)]!;
    requireChannels("foldBatchNorm", vectors, channels);
    return [
      { shape: weight.shape, dtype: "f32" },
      { shape: [channels], dtype: "f32" },
    ];
  },
  cost: (call) => ({ flop: elementCount(call.outputs[0].shape), bytes: operandBytes(call) }),
  kernels: [strides],
};
