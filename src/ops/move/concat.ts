// Concatenation along an axis.
import { ShapeError } from "../../errors.ts";
import { elementCount, formatShape, type Shape, type TensorType } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import type { Kernel, Operator } from "../operator.ts";
import { requireAxis, resolveAxis } from "../walk/axes.ts";
import { strided } from "../walk/strided.ts";
import { copyDispatch } from "./copy.ts";
import { slice } from "./slice-pad.ts";

export interface ConcatAttributes {
  readonly axis: number;
}

export interface ConcatGiven {
  /** Default 1, the channels; negative counts from the end. */
  readonly axis?: number;
}

const copies: Kernel<ConcatAttributes> = {
  name: "concat/copy",
  applies: () => true,
  views: "all",
  dispatches(call, device) {
    const [output] = call.outputs;
    const y = strided(output);
    const axis = resolveAxis("concat", call.attrs.axis, output.shape);
    const starts = startsAlong(axis, call.inputs);
    return call.inputs.flatMap((x, input) => {
      if (call.inPlace?.has(input)) return [];
      const region = { offset: y.offset + starts[input]! * y.strides[axis]!, strides: y.strides };
      return [copyDispatch(device, { sizes: x.shape, dtype: x.dtype, x: strided(x), y: region, input })];
    });
  },
};

/** The place of each input along the axis. */
function startsAlong(axis: number, inputs: readonly TensorType[]): number[] {
  let next = 0;
  return inputs.map(({ shape }) => {
    const start = next;
    next += shape[axis]!;
    return start;
  });
}

/**
 * Joins tensors along an axis.
 * - inputs: one or more of the same shape and type but for the size of that axis; output: its sizes added up.
 * - gradient: a slice for each input. It keeps nothing.
 * Throws ShapeError if ranks, types or another size differ.
 * Source: https://pytorch.org/docs/stable/generated/torch.cat.html
 */
export const concat: Operator<ConcatAttributes, ConcatGiven> = {
  name: "concat",
  attributes: ({ axis = 1 }) => ({ axis: requireAxis("concat", axis) }),
  shape(inputs, attrs) {
    const first = inputs[0];
    if (!first) throw new ShapeError("concat: got no inputs, expected at least one");
    const axis = resolveAxis("concat", attrs.axis, first.shape);
    const fits = ({ shape, dtype }: TensorType) =>
      dtype === first.dtype &&
      shape.length === first.shape.length &&
      shape.every((size, a) => a === axis || size === first.shape[a]);
    inputs.forEach((input, i) => {
      if (fits(input)) return;
      throw new ShapeError(
        `concat: input ${i} does not fit: got ${input.dtype} ${formatShape(input.shape)}, ` +
          `expected ${first.dtype} ${formatAny(first.shape, axis)} as input 0`,
      );
    });
    const joined = inputs.reduce((sum, { shape }) => sum + shape[axis]!, 0);
    return [{ shape: first.shape.map((size, a) => (a === axis ? joined : size)), dtype: first.dtype }];
  },
  cost(call) {
    // What lies in its place already is neither read nor written; the output is what the inputs are.
    const copied = call.inputs.filter((_, input) => !call.inPlace?.has(input));
    return { flop: 0, bytes: 2 * operandBytes({ ...call, inputs: copied, outputs: [] }) };
  },
  regions(inputs, attrs) {
    const [{ shape }] = inputs;
    if (resolveAxis("concat", attrs.axis, shape) !== 1) return undefined;
    const inner = elementCount(shape.slice(2));
    return { layout: "item", offsets: startsAlong(1, inputs).map((start) => start * inner) };
  },
  kernels: [copies],
  gradient({ inputs, gy, attrs, type, apply }) {
    const axis = resolveAxis("concat", attrs.axis, type(inputs[0]).shape);
    const starts = startsAlong(axis, inputs.map(type));
    return inputs.map((x, i) => {
      const start = starts[i]!;
      return apply(slice, [gy], { axes: [axis], starts: [start], ends: [start + type(x).shape[axis]!] });
    });
  },
};

/** `[2, *, 4]`: a shape of which one size is free. */
function formatAny(shape: Shape, axis: number): string {
  return `[${shape.map((size, a) => (a === axis ? "*" : size)).join(", ")}]`;
}
