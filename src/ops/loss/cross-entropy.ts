// Cross-entropy of logits with labels, of an index or of a set of admitted classes for each pixel; focal where gamma is set.
import {
  type CrossEntropyTemplate,
  crossEntropyShader,
  crossEntropySpec,
} from "../../../shaders/loss/cross-entropy.wgsl.ts";
import { crossEntropyGradientShader } from "../../../shaders/loss/cross-entropy-grad.wgsl.ts";
import { ShapeError } from "../../errors.ts";
import { elementCount, type TensorType } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { DeviceTraits } from "../device-traits.ts";
import type { Call, Dispatch, Kernel, Operand, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { floatType, requireF32, requireFinite, storageOf } from "../walk/operands.ts";
import { flatGrid } from "../walk/strided.ts";
import {
  type LabelAttributes,
  type LabelGiven,
  labelAttributes,
  pixelSizes,
  requireLabels,
  requireWeights,
  walkPixels,
} from "./labels.ts";

export interface CrossEntropyAttributes extends LabelAttributes {
  readonly gamma: number;
}

export interface CrossEntropyGiven extends LabelGiven {
  /** Exponent of the focal factor (1 - P)^gamma. Default 0: no such factor. */
  readonly gamma?: number;
}

/** What both kernels do but for their shader; `operands` are x, labels and weights, `walked` the arrays along [N, pixels]. */
function pixelDispatch(
  call: Call<CrossEntropyAttributes>,
  operands: readonly Operand[],
  walked: Readonly<Record<string, Operand>>,
  { shader, device }: { shader: (t: CrossEntropyTemplate) => string; device: DeviceTraits },
): Dispatch {
  const [x, labels, weights] = operands as [Operand, Operand, Operand?];
  const { attrs } = call;
  const { template, count, values } = walkPixels(labels, walked, weights);
  return {
    code: shader({
      ...template,
      labels: attrs.labels,
      storage: storageOf({ ...call, inputs: [x] }),
      weights: weights !== undefined,
      focal: attrs.gamma !== 0,
    }),
    bindings: [...call.inputs.map((_, input) => ({ input })), { output: 0 }],
    params: params(crossEntropySpec(template), {
      ...values,
      classes: x.shape[1]!,
      ignore_index: attrs.ignoreIndex,
      class_stride: pixelSizes(labels)[1],
      gamma: attrs.gamma,
    }),
    workgroups: flatGrid(count, device),
  };
}

const forward: Kernel<CrossEntropyAttributes> = {
  name: "crossEntropy/pixels",
  applies: () => true,
  views: "all",
  dispatches(call, device) {
    const [x, labels] = call.inputs as [Operand, Operand];
    const walked = { x, labels, y: call.outputs[0]! };
    return [pixelDispatch(call, call.inputs, walked, { shader: crossEntropyShader, device })];
  },
};

/**
 * The loss of each pixel, w * (1 - P)^gamma * -log(P) with P the probability, by softmax over the classes, of those that its
 * label admits. It is computed as a difference of log-sum-exps, so that logits of any size give finite losses.
 * - x: logits [N, C, ...]; labels: u32 [N, ...]; weights: f32 [N, C], optional; output: f32 [N, ...] whatever x's type
 * - labels are class indices: P is that class' probability and w its weight; or sets: P is the sum of the probabilities of
 *   the admitted classes, w the mean of their weights.
 * - ignored labels give 0; indices that are neither a class nor ignored give NaN.
 * - gradient: for x, in one dispatch, from x itself; weights are constants.
 * Throws ShapeError unless x is [N, C, ...], labels and weights fit it, sets have at most 32 classes, and gamma is at least 0.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html; focal: T.-Y. Lin et al., Focal Loss for
 * Dense Object Detection, 2017, eq. 5.
 */
export const crossEntropy: Operator<CrossEntropyAttributes, CrossEntropyGiven> = {
  name: "crossEntropy",
  attributes: ({ gamma = 0, ...given }) => {
    requireFinite("crossEntropy", { gamma });
    if (gamma < 0) throw new ShapeError(`crossEntropy: gamma is ${gamma}, expected at least 0`);
    return { ...labelAttributes("crossEntropy", given), gamma };
  },
  shape(inputs, attrs) {
    requireOperands("crossEntropy", inputs, attrs);
    return [{ shape: inputs[1]!.shape, dtype: "f32" }];
  },
  cost: (call) => ({ flop: 4 * elementCount(call.inputs[0]!.shape), bytes: operandBytes(call) }),
  fullInputs: [2],
  kernels: [forward],
  gradient({ inputs, outputGradients, attrs, apply }) {
    return [apply(crossEntropyGradient, [outputGradients[0]!, ...inputs], attrs)];
  },
};

function requireOperands(operator: string, inputs: readonly TensorType[], { labels }: LabelAttributes): void {
  const [x, index, weights] = inputs as [TensorType, TensorType, TensorType?];
  floatType(operator, [x]);
  requireLabels(operator, x, index, labels);
  requireWeights(operator, weights, x.shape.slice(0, 2));
}

const backward: Kernel<CrossEntropyAttributes> = {
  name: "crossEntropyGradient/pixels",
  applies: () => true,
  views: "all",
  dispatches(call, device) {
    const [g, x, labels] = call.inputs as [Operand, Operand, Operand];
    const walked = { g, x, labels, gx: call.outputs[0]! };
    return [pixelDispatch(call, call.inputs.slice(1), walked, { shader: crossEntropyGradientShader, device })];
  },
};

/**
 * d(loss)/dx of {@link crossEntropy}. Not for users.
 * - g: f32 [N, ...]; x, labels and weights as there; output: of x's shape and type
 */
export const crossEntropyGradient: Operator<CrossEntropyAttributes, CrossEntropyAttributes> = {
  name: "crossEntropyGradient",
  attributes: (given) => given,
  shape(inputs, attrs) {
    const [g, x] = inputs as [TensorType, TensorType];
    requireF32("crossEntropyGradient", [g], [0]);
    requireOperands("crossEntropyGradient", inputs.slice(1), attrs);
    return [{ shape: x.shape, dtype: x.dtype }];
  },
  cost: (call) => ({ flop: 6 * elementCount(call.outputs[0]!.shape), bytes: operandBytes(call) }),
  fullInputs: [0, 3],
  kernels: [backward],
};
