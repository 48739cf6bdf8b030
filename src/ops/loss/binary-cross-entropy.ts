// Cross-entropy of each class against all others, by sigmoids; focal, or with ANU-Net's factor.
import {
  type BinaryCrossEntropyTemplate,
  binaryCrossEntropyShader,
  binaryCrossEntropySpec,
} from "../../../shaders/loss/binary-cross-entropy.wgsl.ts";
import { binaryCrossEntropyGradientShader } from "../../../shaders/loss/binary-cross-entropy-grad.wgsl.ts";
import { ShapeError } from "../../errors.ts";
import { elementCount, type TensorType } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { DeviceTraits } from "../device-traits.ts";
import type { Call, Dispatch, Kernel, Operand, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { floatType, requireF32, requireFinite, storageOf } from "../walk/operands.ts";
import { flatGrid } from "../walk/strided.ts";
import { firstClass } from "./class-overlap.ts";
import { pixelSizes, requireIgnoreIndex, requireLabels, requireWeights, walkPixels } from "./labels.ts";

export interface BinaryCrossEntropyAttributes {
  readonly ignoreIndex: number;
  readonly negativeWeight: number;
  readonly factor: "plain" | "focal" | "margin";
  readonly gamma: number;
  readonly margin: number;
}

export interface BinaryCrossEntropyGiven {
  /** The index of pixels that do not count. Default 255. */
  readonly ignoreIndex?: number;
  /** Weight of the classes that a pixel is not of. Default 1. */
  readonly negativeWeight?: number;
  /** What the loss of each channel is multiplied by. Default `plain`: nothing. */
  readonly factor?: "plain" | "focal" | "margin";
  /** Exponent of the factor. Default 2. */
  readonly gamma?: number;
  /** The least distance from 0.5 that the factor `margin` divides by. Default 0.1. */
  readonly margin?: number;
}

/** What both kernels do but for their shader; `operands` are x, labels and weights, `walked` the arrays along [N, pixels]. */
function pixelDispatch(
  call: Call<BinaryCrossEntropyAttributes>,
  operands: readonly Operand[],
  walked: Readonly<Record<string, Operand>>,
  { shader, device }: { shader: (t: BinaryCrossEntropyTemplate) => string; device: DeviceTraits },
): Dispatch {
  const [x, labels, weights] = operands as [Operand, Operand, Operand?];
  const [, channels] = x.shape as [number, number];
  const { template, count, values } = walkPixels(labels, walked, weights);
  const { factor, gamma, margin, negativeWeight, ignoreIndex } = call.attrs;
  const storage = storageOf({ ...call, inputs: [x] });
  const first = firstClass(channels);
  return {
    code: shader({ ...template, storage, weights: weights !== undefined, factor }),
    bindings: [...call.inputs.map((_, input) => ({ input })), { output: 0 }],
    params: params(binaryCrossEntropySpec(template), {
      ...values,
      classes: first + channels,
      ignore_index: ignoreIndex,
      channels,
      first_class: first,
      class_stride: pixelSizes(labels)[1],
      gamma,
      margin,
      negative_weight: negativeWeight,
    }),
    workgroups: flatGrid(count, device),
  };
}

const forward: Kernel<BinaryCrossEntropyAttributes> = {
  name: "binaryCrossEntropy/pixels",
  applies: () => true,
  views: "all",
  dispatches(call, device) {
    const [x, labels] = call.inputs as [Operand, Operand];
    const walked = { x, labels, y: call.outputs[0]! };
    return [pixelDispatch(call, call.inputs, walked, { shader: binaryCrossEntropyShader, device })];
  },
};

/**
 * The loss of each pixel summed over its classes, each against all others: -w * m * log(p) of the class that the label names, and
 * -negativeWeight * m * log(1 - p) of the others, with p = sigmoid(x). Logits of any size give finite losses.
 * - x: logits [N, C, ...]; labels: u32 class indices [N, ...]; with one channel, it is that of class 1 and labels are 0 or 1;
 *   weights: f32 [N, C], w, optional; output: f32 [N, ...] whatever x's type
 * - m is 1 for the factor `plain`; (1 - q)^gamma for `focal`, with q the probability of what is right; for `margin`
 *   1 / max(|p - 0.5|, margin)^gamma.
 * - ignored labels give 0; indices that are neither a class nor ignored give NaN.
 * - gradient: for x, in one dispatch, from x itself; weights are constants, and so is the factor `margin`: through it the
 *   gradient would push a pixel on the wrong side of 0.5 away from 0.5.
 * Throws ShapeError unless x is [N, C, ...], labels and weights fit it, gamma is at least 0 and the margin above 0.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html; focal: T.-Y. Lin et al., Focal Loss for
 * Dense Object Detection, 2017, eq. 5; margin: C. Li et al., ANU-Net, 2020, eq. 8.
 */
export const binaryCrossEntropy: Operator<BinaryCrossEntropyAttributes, BinaryCrossEntropyGiven> = {
  name: "binaryCrossEntropy",
  attributes({ negativeWeight = 1, factor = "plain", gamma = 2, margin = 0.1, ignoreIndex }) {
    requireFinite("binaryCrossEntropy", { negativeWeight, gamma, margin });
    if (gamma < 0) throw new ShapeError(`binaryCrossEntropy: gamma is ${gamma}, expected at least 0`);
    if (margin <= 0) throw new ShapeError(`binaryCrossEntropy: margin is ${margin}, expected above 0`);
    return {
      ignoreIndex: requireIgnoreIndex("binaryCrossEntropy", ignoreIndex),
      negativeWeight,
      factor,
      gamma,
      margin,
    };
  },
  shape(inputs) {
    requireOperands("binaryCrossEntropy", inputs);
    return [{ shape: inputs[1]!.shape, dtype: "f32" }];
  },
  cost: (call) => ({ flop: 4 * elementCount(call.inputs[0]!.shape), bytes: operandBytes(call) }),
  fullInputs: [2],
  kernels: [forward],
  gradient({ inputs, outputGradients, attrs, apply }) {
    return [apply(binaryCrossEntropyGradient, [outputGradients[0]!, ...inputs], attrs)];
  },
};

function requireOperands(operator: string, inputs: readonly TensorType[]): void {
  const [x, labels, weights] = inputs as [TensorType, TensorType, TensorType?];
  floatType(operator, [x]);
  requireLabels(operator, x, labels);
  requireWeights(operator, weights, x.shape.slice(0, 2));
}

const backward: Kernel<BinaryCrossEntropyAttributes> = {
  name: "binaryCrossEntropyGradient/pixels",
  applies: () => true,
  views: "all",
  dispatches(call, device) {
    const [g, x, labels] = call.inputs as [Operand, Operand, Operand];
    const walked = { g, x, labels, gx: call.outputs[0]! };
    return [pixelDispatch(call, call.inputs.slice(1), walked, { shader: binaryCrossEntropyGradientShader, device })];
  },
};

/**
 * d(loss)/dx of {@link binaryCrossEntropy}. Not for users.
 * - g: f32 [N, ...]; x, labels and weights as there; output: of x's shape and type
 */
export const binaryCrossEntropyGradient: Operator<BinaryCrossEntropyAttributes, BinaryCrossEntropyAttributes> = {
  name: "binaryCrossEntropyGradient",
  attributes: (given) => given,
  shape(inputs) {
    const [g, x] = inputs as [TensorType, TensorType];
    requireF32("binaryCrossEntropyGradient", [g], [0]);
    requireOperands("binaryCrossEntropyGradient", inputs.slice(1));
    return [{ shape: x.shape, dtype: x.dtype }];
  },
  cost: (call) => ({ flop: 6 * elementCount(call.outputs[0]!.shape), bytes: operandBytes(call) }),
  fullInputs: [0, 3],
  kernels: [backward],
};
