// Axes in another order.
import { ShapeError } from "../../errors.ts";
import { formatShape } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operator } from "../operator.ts";
import { strided } from "../walk/strided.ts";
import { copyDispatch } from "./copy.ts";

export interface TransposeAttributes {
  readonly permutation: readonly number[];
}

export interface TransposeGiven {
  /** The input's axis that becomes axis 0, 1, ... of the output. */
  readonly permutation: readonly number[];
}

const copies: Kernel<TransposeAttributes> = {
  name: "transpose/copy",
  applies: () => true,
  views: "all",
  dispatches(call, device) {
    const [input, output] = [call.inputs[0], call.outputs[0]];
    const { offset, strides } = strided(input);
    const x = { offset, strides: call.attrs.permutation.map((axis) => strides[axis]!) };
    return [copyDispatch(device, { sizes: output.shape, dtype: output.dtype, x, y: strided(output) })];
  },
};

/**
 * Puts the axes of a tensor in another order.
 * - x: [...]; output: axis i has the size of axis permutation[i] of x.
 * - gradient: the axes put back. It keeps nothing.
 * Throws ShapeError unless the permutation names every axis once.
 * Source: https://pytorch.org/docs/stable/generated/torch.permute.html
 */
export const transpose: Operator<TransposeAttributes, TransposeGiven> = {
  name: "transpose",
  attributes({ permutation }) {
    const sorted = [...permutation].sort((a, b) => a - b);
    if (sorted.some((axis, i) => axis !== i)) {
      throw new ShapeError(
        `transpose: got permutation ${formatShape(permutation)}, expected each of 0 to ${permutation.length - 1} once`,
      );
    }
    return { permutation };
  },
  shape(inputs, { permutation }) {
    const [{ shape, dtype }] = inputs;
    if (permutation.length !== shape.length) {
      throw new ShapeError(
        `transpose: got permutation ${formatShape(permutation)}, expected ${shape.length} axes ` +
          `(input shapes: ${formatShape(shape)})`,
      );
    }
    return [{ shape: permutation.map((axis) => shape[axis]!), dtype }];
  },
  cost: (call) => ({ flop: 0, bytes: operandBytes(call) }),
  kernels: [copies],
  gradient({ gy, attrs: { permutation }, apply }) {
    const inverse = permutation.map((_, axis) => permutation.indexOf(axis));
    return [apply(transpose, [gy], { permutation: inverse })];
  },
};
