// Tensors that repeat along axes.
import { ShapeError } from "../../errors.ts";
import { formatShape, type Shape } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operator } from "../operator.ts";
import { sumToShape } from "../reduce/broadcast-gradient.ts";
import { sum } from "../reduce/reductions.ts";
import { broadcastShape } from "../walk/axes.ts";
import { broadcast, strided } from "../walk/strided.ts";
import { requireIntegers } from "../walk/window.ts";
import { copyDispatch } from "./copy.ts";
import { reshape } from "./reshape.ts";

export interface ExpandAttributes {
  readonly shape: Shape;
}

const expanding: Kernel<ExpandAttributes> = {
  name: "expand/copy",
  applies: () => true,
  views: "all",
  dispatches(call, device) {
    const [x, y] = [call.inputs[0]!, call.outputs[0]!];
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
  shape: (inputs, { shape }) => [{ shape: broadcastShape("expand", inputs[0]!.shape, shape), dtype: inputs[0]!.dtype }],
  cost: (call) => ({ flop: 0, bytes: operandBytes(call) }),
  kernels: [expanding],
  gradient(context) {
    const { inputs, outputGradients, type } = context;
    return [sumToShape(context, outputGradients[0]!, type(inputs[0]!).shape)];
  },
};

export interface TileAttributes {
  readonly repeats: readonly number[];
}

const tiling: Kernel<TileAttributes> = {
  name: "tile/copy",
  applies: () => true,
  views: "all",
  dispatches({ inputs, outputs, attrs: { repeats } }, device) {
    const [x, y] = [inputs[0]!, outputs[0]!];
    const [source, target] = [strided(x), strided(y)];
    // Each axis of y is two: which copy, and which element of it.
    const sizes = x.shape.flatMap((size, axis) => [repeats[axis]!, size]);
    const from = { offset: source.offset, strides: source.strides.flatMap((stride) => [0, stride]) };
    const to = {
      offset: target.offset,
      strides: target.strides.flatMap((stride, axis) => [x.shape[axis]! * stride, stride]),
    };
    return [copyDispatch(device, { sizes, dtype: y.dtype, x: from, y: to })];
  },
};

/**
 * Lays copies of a tensor beside each other.
 * - x: [...]; output: size i is repeats[i] times that of x.
 * - gradient: the sum over the copies. It keeps nothing.
 * Throws ShapeError unless there is one repeat of at least 1 for each axis.
 * Source: https://pytorch.org/docs/stable/generated/torch.tile.html
 */
export const tile: Operator<TileAttributes, TileAttributes> = {
  name: "tile",
  attributes({ repeats }) {
    requireIntegers("tile: repeats", repeats, 1);
    return { repeats };
  },
  shape(inputs, { repeats }) {
    const { shape, dtype } = inputs[0]!;
    if (repeats.length !== shape.length) {
      throw new ShapeError(
        `tile: got repeats ${formatShape(repeats)}, expected ${shape.length} (input shapes: ${formatShape(shape)})`,
      );
    }
    return [{ shape: shape.map((size, axis) => size * repeats[axis]!), dtype }];
  },
  cost: (call) => ({ flop: 0, bytes: operandBytes(call) }),
  kernels: [tiling],
  gradient({ inputs, outputGradients, attrs: { repeats }, type, apply }) {
    const { shape } = type(inputs[0]!);
    // Each axis as two: which copy, and which element of it.
    const copies = apply(reshape, [outputGradients[0]!], {
      shape: shape.flatMap((size, axis) => [repeats[axis]!, size]),
    });
    return [apply(sum, [copies], { axes: shape.map((_, axis) => 2 * axis) })];
  },
};
