// Sums over axes, and repetition along axes: each is the gradient of the other.
import { type Shape, shapesEqual } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import { copyDispatch } from "../move/copy.ts";
import { reshape } from "../move/reshape.ts";
import type { GradientContext, Kernel, Operator } from "../operator.ts";
import { broadcastShape } from "../walk/axes.ts";
import { broadcast, strided } from "../walk/strided.ts";
import { requireIntegers } from "../walk/window.ts";
import { createReduction, numbers } from "./reduce.ts";

/**
 * Sum over axes, in the same order on every run.
 * - x: [...], floats or integers, which wrap around; output: x without the axes, or with size 1 there if `keepDim`.
 * - gradient: of floats; that of amax and amin is shared evenly by all that are the extreme, as in PyTorch.
 * Throws ShapeError if x has other elements, lacks an axis or one is named twice.
 * Source: https://pytorch.org/docs/stable/generated/torch.sum.html
 */
export const sum = createReduction("sum", numbers, ({ context, gy, shape }) => context.apply(expand, [gy], { shape }));

/** The gradient of an input of this shape that broadcast to the gradient's: its sum over the axes along which it was repeated. */
export function sumToShape<V>({ apply, type }: GradientContext<V>, gradient: V, shape: Shape): V {
  const from = type(gradient).shape;
  const missing = from.length - shape.length;
  const axes = [...from.keys()].filter((axis) => axis < missing || (shape[axis - missing] === 1 && from[axis] !== 1));
  const summed = axes.length > 0 ? apply(sum, [gradient], { axes, keepDim: true }) : gradient;
  return shapesEqual(type(summed).shape, shape) ? summed : apply(reshape, [summed], { shape });
}

export interface ExpandAttributes {
  readonly shape: Shape;
}

const copies: Kernel<ExpandAttributes> = {
  name: "expand/copy",
  applies: () => true,
  views: "all",
  dispatches({ inputs: [x], outputs: [y] }, device) {
    return [copyDispatch(device, { sizes: y.shape, dtype: y.dtype, x: broadcast(x, y.shape), y: strided(y) })];
  },
};

/**
 * Repeats a tensor along axes of size 1 and in front, so that it has a shape that it broadcasts to.
 * - x: [...]; output: the shape that x and `shape` both broadcast to: a size of 1 in `shape` keeps x's.
 * - gradient: the sum over the copies. It keeps nothing.
 * Throws ShapeError unless they broadcast. Source: https://onnx.ai/onnx/operators/onnx__Expand.html
 */
export const expand: Operator<ExpandAttributes, ExpandAttributes> = {
  name: "expand",
  attributes({ shape }) {
    requireIntegers("expand: shape", shape, 1);
    return { shape };
  },
  shape: ([x], { shape }) => [{ shape: broadcastShape("expand", x.shape, shape), dtype: x.dtype }],
  cost: (call) => ({ flop: 0, bytes: operandBytes(call) }),
  kernels: [copies],
  gradient: (context) => [sumToShape(context, context.gy, context.type(context.inputs[0]).shape)],
};
