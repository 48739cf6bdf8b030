// Batch normalization with the statistics of the batch itself (PyTorch's training mode).
import { batchNormGrad, batchNormGradParams } from "../../../shaders/norm/batch-norm-grad.wgsl.ts";
import {
  batchNormTrainingParams,
  batchNormTraining as batchNormTrainingShader,
} from "../../../shaders/norm/batch-norm-training.wgsl.ts";
import { ShapeError } from "../../errors.ts";
import { elementCount, formatShape } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import { spread } from "../grid.ts";
import type { Kernel, Operand, Operator } from "../operator.ts";
import { params, viewParams } from "../parameters.ts";
import {
  allBindings,
  epilogueBindings,
  epilogueOperands,
  epilogueTemplate,
  floatType,
  isAligned,
  requireChannels,
  requireF32,
} from "../walk/operands.ts";
import { type BatchNormAttributes, type BatchNormGiven, batchNorm } from "./batch-norm.ts";

/** Items, channels, and elements of a channel of an item. */
function channelValues({ shape }: Operand): { items: number; channels: number; plane: number } {
  const [items = 1, channels = 1, ...inner] = shape;
  return { items, channels, plane: elementCount(inner) };
}

/** Loads of four, where every channel of every item is whole vec4. */
function widthOf(operands: readonly Operand[], plane: number): 1 | 4 {
  return operands.every((operand) => isAligned(operand, plane)) ? 4 : 1;
}

const perChannel: Kernel<BatchNormAttributes, 3, 3> = {
  name: "batchNormTraining/channel",
  applies: () => true,
  views: [0],
  residualInPlace: true,
  dispatches(call, device) {
    const [[x], [y]] = [call.inputs, call.outputs];
    const [, residual = y] = epilogueOperands(call);
    const { items, channels, plane } = channelValues(x);
    const { bias, residual: hasResidual, activation, storage } = epilogueTemplate(call);
    const template = { bias, residual: hasResidual, activation, storage, width: widthOf([x, y, residual], plane) };
    const values = { ...viewParams("x", x), ...viewParams("residual", residual), ...viewParams("y", y) };
    return [
      {
        code: batchNormTrainingShader(template),
        bindings: [...epilogueBindings(call, 3), { output: 1 }, { output: 2 }],
        params: params(batchNormTrainingParams, { items, channels, plane, ...values, eps: call.attrs.eps }),
        workgroups: [...spread(channels, device), 1],
      },
    ];
  },
};

/**
 * Normalizes each channel with the mean and the variance of the batch: (x - mean) / sqrt(variance + eps) * gamma + beta.
 * - x: [N, C, ...]; gamma, beta: [C], f32; outputs: y [N, C, ...], mean [C] and variance [C], that of the population
 *   (divided by N and all pixels), f32
 * - epilogue: residual and activation are computed in the same dispatch.
 * - gradient: through y alone, in one dispatch that keeps x; mean and variance have none of their own.
 * Throws ShapeError if x has no channel axis, only one element per channel, or the others are not [C].
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html
 */
export const batchNormTraining: Operator<BatchNormAttributes, BatchNormGiven, 3, 3> = {
  name: "batchNormTraining",
  epilogue: true,
  attributes: (given) => batchNorm.attributes(given),
  shape(inputs) {
    const [x] = inputs;
    const dtype = floatType("batchNormTraining", [x]);
    requireF32("batchNormTraining", inputs, [1, 2]);
    const channels = x.shape[1];
    if (channels === undefined || elementCount(x.shape) === channels) {
      const got = formatShape(x.shape);
      throw new ShapeError(
        `batchNormTraining: x has shape ${got}, expected [N, C, ...], 2 elements per channel or more`,
      );
    }
    requireChannels("batchNormTraining", inputs.slice(1), channels);
    const vector = { shape: [channels], dtype: "f32" } as const;
    return [{ shape: x.shape, dtype }, vector, vector];
  },
  cost: (call) => ({ flop: 8 * elementCount(call.outputs[0].shape), bytes: operandBytes(call) }),
  fullInputs: [1, 2],
  kernels: [perChannel],
  gradient({ inputs: [x, gamma], outputs: [, mean, variance], outputGradients: [gy], attrs, applyAll }) {
    if (gy === undefined) return [];
    return applyAll(batchNormGradient, [gy, x, gamma, mean, variance], attrs);
  },
};

const gradientPerChannel: Kernel<BatchNormAttributes, 5, 3> = {
  name: "batchNormGradient/channel",
  applies: () => true,
  views: [0, 1],
  dispatches(call, device) {
    const [[gy, x], [gx]] = [call.inputs, call.outputs];
    const { items, channels, plane } = channelValues(x);
    const { storage } = epilogueTemplate(call);
    const values = { ...viewParams("gy", gy), ...viewParams("x", x), ...viewParams("gx", gx) };
    return [
      {
        code: batchNormGrad({ storage, width: widthOf([gy, x, gx], plane) }),
        bindings: allBindings(call),
        params: params(batchNormGradParams, { items, channels, plane, ...values, eps: call.attrs.eps }),
        workgroups: [...spread(channels, device), 1],
      },
    ];
  },
};

/** gy, x [N, C, ...], gamma, mean and variance [C] to gx [N, C, ...], ggamma and gbeta [C]. Not for users. */
export const batchNormGradient: Operator<BatchNormAttributes, BatchNormGiven, 5, 3> = {
  name: "batchNormGradient",
  attributes: (given) => batchNorm.attributes(given),
  shape(inputs) {
    const [gy, x, gamma] = inputs;
    const dtype = floatType("batchNormGradient", [gy, x]);
    requireF32("batchNormGradient", inputs, [2, 3, 4]);
    const vector = { shape: gamma.shape, dtype: "f32" } as const;
    return [{ shape: x.shape, dtype }, vector, vector];
  },
  cost: (call) => ({ flop: 10 * elementCount(call.outputs[0].shape), bytes: operandBytes(call) }),
  fullInputs: [2, 3, 4],
  kernels: [gradientPerChannel],
};
