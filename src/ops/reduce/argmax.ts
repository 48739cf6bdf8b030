// Index of the maximum along an axis.
import { argmaxShader, argmaxSpec } from "../../../shaders/reduce/argmax.wgsl.ts";
import { elementCount } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operator } from "../operator.ts";
import { params } from "../parameters.ts";
import { requireAxis, resolveAxis } from "../walk/axes.ts";
import { floatType, storageOf } from "../walk/operands.ts";
import { flatGrid, strided, walk } from "../walk/strided.ts";

export interface ArgmaxAttributes {
  readonly axis: number;
  readonly keepDim: boolean;
}

export interface ArgmaxGiven {
  /** Default 1, the channels; negative counts from the end. */
  readonly axis?: number;
  /** Keeps the axis, with size 1. Default false. */
  readonly keepDim?: boolean;
}

const strides: Kernel<ArgmaxAttributes> = {
  name: "argmax/strided",
  applies: () => true,
  views: [0],
  dispatches(call, device) {
    const [input, output] = [call.inputs[0], call.outputs[0]];
    const axis = resolveAxis("argmax", call.attrs.axis, input.shape);
    const [x, y] = [strided(input), strided(output)];
    const others = <T>(values: readonly T[]) => values.filter((_, a) => a !== axis);
    const plan = walk(
      others(input.shape),
      {
        x: { offset: x.offset, strides: others(x.strides) },
        y: call.attrs.keepDim ? { offset: y.offset, strides: others(y.strides) } : y,
      },
      { vectors: false },
    );
    const values = { ...plan.values, axis_size: input.shape[axis]!, axis_stride: x.strides[axis]! };
    return [
      {
        code: argmaxShader({ ...plan.template, storage: storageOf(call) }),
        bindings: [{ input: 0 }, { output: 0 }],
        params: params(argmaxSpec(plan.template), values),
        workgroups: flatGrid(plan.count, device),
      },
    ];
  },
};

/**
 * Index of the largest element along an axis, the first where several are; NaN counts as the largest.
 * - x: [N, C, ...]; output: i32 [N, ...] without the axis, or with size 1 there if `keepDim`.
 * No gradient. Throws ShapeError unless x is f32 and has the axis.
 * Source: https://pytorch.org/docs/stable/generated/torch.argmax.html
 */
export const argmax: Operator<ArgmaxAttributes, ArgmaxGiven> = {
  name: "argmax",
  attributes: ({ axis = 1, keepDim = false }) => ({ axis: requireAxis("argmax", axis), keepDim }),
  shape(inputs, { axis, keepDim }) {
    const [{ shape }] = inputs;
    floatType("argmax", inputs);
    const reduced = resolveAxis("argmax", axis, shape);
    const kept = shape.map((size, a) => (a === reduced ? 1 : size));
    return [{ shape: keepDim ? kept : kept.filter((_, a) => a !== reduced), dtype: "i32" }];
  },
  cost: (call) => ({ flop: elementCount(call.inputs[0].shape), bytes: operandBytes(call) }),
  kernels: [strides],
};
