// Copies of a tensor beside each other.
import { ShapeError } from "../../errors.ts";
import { formatShape } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operator } from "../operator.ts";
import { sum } from "../reduce/sum-expand.ts";
import { strided } from "../walk/strided.ts";
import { requireIntegers } from "../walk/window.ts";
import { copyDispatch } from "./copy.ts";
import { reshape } from "./reshape.ts";

export interface TileAttributes {
  readonly repeats: readonly number[];
}

const tiling: Kernel<TileAttributes> = {
  name: "tile/copy",
  applies: () => true,
  views: "all",
  dispatches({ inputs: [x], outputs: [y], attrs: { repeats } }, device) {
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
    const [{ shape, dtype }] = inputs;
    if (repeats.length !== shape.length) {
      throw new ShapeError(
        `tile: got repeats ${formatShape(repeats)}, expected ${shape.length} (input shapes: ${formatShape(shape)})`,
      );
    }
    return [{ shape: shape.map((size, axis) => size * repeats[axis]!), dtype }];
  },
  cost: (call) => ({ flop: 0, bytes: operandBytes(call) }),
  kernels: [tiling],
  gradient({ inputs: [x], gy, attrs: { repeats }, type, apply }) {
    const { shape } = type(x);
    // Each axis as two: which copy, and which element of it.
    const copies = apply(reshape, [gy], {
      shape: shape.flatMap((size, axis) => [repeats[axis]!, size]),
    });
    return [apply(sum, [copies], { axes: shape.map((_, axis) => 2 * axis) })];
  },
};
