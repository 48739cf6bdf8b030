// Probabilities from logits, and their logarithms.

import { softmaxShader } from "../../../shaders/norm/softmax.wgsl.ts";
import { columnSpec } from "../../../shaders/wgsl/columns.ts";
import { blockTerms } from "../../../shaders/wgsl/fold.ts";
import { elementCount } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { requireAxis, resolveAxis } from "../walk/axes.ts";
import { columnWalk } from "../walk/columns.ts";
import { floatType, storageOf } from "../walk/operands.ts";
import { flatGrid } from "../walk/strided.ts";
import { softmaxGradient } from "./softmax-gradient.ts";

export interface SoftmaxAttributes {
  readonly axis: number;
}

export interface SoftmaxGiven {
  /** Default 1, the channels; negative counts from the end. */
  readonly axis?: number;
}

/**
 * exp(x) / sum(exp(x)) along an axis; the maximum is subtracted first, so that large logits do not overflow.
 * - x, output: [N, C, ...]; a column with NaN, with +Infinity or of -Infinity alone is NaN, as in PyTorch.
 * - gradient: from the output alone.
 * Throws ShapeError unless x is f32 and has the axis.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Softmax.html
 */
export const softmax = createSoftmax("softmax", false);

/**
 * log(softmax(x)) along an axis, without the rounding of the softmax; see {@link softmax}.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.LogSoftmax.html
 */
export const logSoftmax = createSoftmax("logSoftmax", true);

function createSoftmax(name: string, log: boolean): Operator<SoftmaxAttributes, SoftmaxGiven> {
  const columns: Kernel<SoftmaxAttributes> = {
    name: `${name}/columns`,
    applies: () => true,
    views: "all",
    dispatches(call, device) {
      const [x, y] = [call.inputs[0], call.outputs[0]];
      const { template, count, values } = columnWalk(resolveAxis(name, call.attrs.axis, x.shape), { x, y });
      return [
        {
          code: softmaxShader({ ...template, storage: storageOf(call), log, long: values.axis_size > blockTerms }),
          bindings: [{ input: 0 }, { output: 0 }],
          params: params(columnSpec(template), values),
          workgroups: flatGrid(count, device),
        },
      ];
    },
  };
  return {
    name,
    attributes: ({ axis = 1 }) => ({ axis: requireAxis(name, axis) }),
    shape(inputs, { axis }) {
      const [{ shape }] = inputs;
      const dtype = floatType(name, inputs);
      resolveAxis(name, axis, shape);
      return [{ shape, dtype }];
    },
    cost: (call) => ({ flop: 5 * elementCount(call.outputs[0].shape), bytes: operandBytes(call) }),
    kernels: [columns],
    gradient: ({ attrs: { axis }, outputs: [y], gy, apply }) => [apply(softmaxGradient, [gy, y], { axis, log })],
  };
}
