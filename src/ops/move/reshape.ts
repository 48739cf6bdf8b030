// Another shape for the same elements.
import { ShapeError } from "../../errors.ts";
import { elementCount, formatShape, type Shape } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operand, Operator } from "../operator.ts";
import { copyDispatch } from "./copy.ts";

export interface ReshapeAttributes {
  readonly shape: Shape;
}

export interface ReshapeGiven {
  /** At most one size may be -1: whatever is left over. */
  readonly shape: Shape;
}

/** The fallback where the plan cannot let the output share the input's buffer. */
const copies: Kernel<ReshapeAttributes> = {
  name: "reshape/copy",
  applies: () => true,
  views: "all",
  dispatches(call, device) {
    const [x, y] = [call.inputs[0], call.outputs[0]];
    return sharedRuns(x, y).map(({ from, count }) => {
      const run = (operand: Operand) => ({ offset: wordOf(operand, from), strides: [1] });
      return copyDispatch(device, { sizes: [count], dtype: y.dtype, x: run(x), y: run(y) });
    });
  },
};

/** Stretches of elements that are contiguous in both operands: one where neither has gaps between its items. */
function sharedRuns(x: Operand, y: Operand): { from: number; count: number }[] {
  const total = elementCount(x.shape);
  const cuts = new Set([...itemStarts(x), ...itemStarts(y)]);
  const starts = [...cuts].sort((a, b) => a - b);
  return starts.map((from, i) => ({ from, count: (starts[i + 1] ?? total) - from }));
}

/** The elements after a gap, and the first. */
function itemStarts({ shape, view }: Operand): number[] {
  const inner = elementCount(shape.slice(1));
  if (view.batchStride === inner) return [0];
  return Array.from({ length: shape[0] ?? 1 }, (_, item) => item * inner);
}

function wordOf({ shape, view }: Operand, element: number): number {
  const inner = elementCount(shape.slice(1));
  return view.offset + Math.floor(element / inner) * view.batchStride + (element % inner);
}

/**
 * Gives a tensor another shape; elements keep their row-major order.
 * - x: [...]; output: `shape`, with its -1 replaced.
 * - gradient: the shape put back. It keeps nothing.
 * Throws ShapeError if the numbers of elements differ.
 * Source: https://pytorch.org/docs/stable/generated/torch.reshape.html
 */
export const reshape: Operator<ReshapeAttributes, ReshapeGiven> = {
  name: "reshape",
  alias: () => 0,
  attributes({ shape }) {
    const open = shape.filter((size) => size === -1).length;
    if (open > 1 || shape.some((size) => size !== -1 && !(Number.isSafeInteger(size) && size >= 1))) {
      throw new ShapeError(`reshape: got shape ${formatShape(shape)}, expected sizes of at least 1 and at most one -1`);
    }
    return { shape };
  },
  shape(inputs, attrs) {
    const [x] = inputs;
    const total = elementCount(x.shape);
    const known = elementCount(attrs.shape.filter((size) => size !== -1));
    const shape = attrs.shape.map((size) => (size === -1 ? total / known : size));
    if (total % known !== 0 || elementCount(shape) !== total) {
      throw new ShapeError(
        `reshape: got shape ${formatShape(attrs.shape)}, expected ${total} elements (input shapes: ${formatShape(x.shape)})`,
      );
    }
    return [{ shape, dtype: x.dtype }];
  },
  cost: (call) => ({ flop: 0, bytes: operandBytes(call) }),
  kernels: [copies],
  gradient: ({ inputs: [x], gy, type, apply }) => [apply(reshape, [gy], { shape: type(x).shape })],
};
