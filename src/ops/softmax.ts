// Probabilities from logits, and their logarithms.
import { softmaxShader, softmaxSpec } from "../../shaders/softmax.wgsl.ts";
import { elementCount } from "../tensor.ts";
import { requireAxis, resolveAxis } from "./axes.ts";
import { floatType, storageOf } from "./operands.ts";
import { type Kernel, type Operator, operandBytes, params } from "./operator.ts";
import { flatGrid, strided, walk } from "./strided.ts";

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
      const [x, y] = [strided(call.inputs[0]!), strided(call.outputs[0]!)];
      const shape = call.inputs[0]!.shape;
      const axis = resolveAxis(name, call.attrs.axis, shape);
      const others = (values: readonly number[]) => values.filter((_, a) => a !== axis);
      const plan = walk(
        others(shape),
        { x: { ...x, strides: others(x.strides) }, y: { ...y, strides: others(y.strides) } },
        { vectors: false },
      );
      const template = { ...plan.template, log };
      const values = {
        ...plan.values,
        axis_size: shape[axis]!,
        x_axis_stride: x.strides[axis]!,
        y_axis_stride: y.strides[axis]!,
      };
      return [
        {
          code: softmaxShader({ ...template, storage: storageOf(call) }),
          bindings: [{ input: 0 }, { output: 0 }],
          params: params(softmaxSpec(template), values),
          workgroups: flatGrid(plan.count, device),
        },
      ];
    },
  };
  return {
    name,
    attributes: ({ axis = 1 }) => ({ axis: requireAxis(name, axis) }),
    shape(inputs, { axis }) {
      const { shape } = inputs[0]!;
      const dtype = floatType(name, inputs);
      resolveAxis(name, axis, shape);
      return [{ shape, dtype }];
    },
    cost: (call) => ({ flop: 5 * elementCount(call.outputs[0]!.shape), bytes: operandBytes(call) }),
    kernels: [columns],
  };
}
