// Many tensors in one: what an optimizer updates in one dispatch, however many parameters there are.
import { ShapeError } from "../../errors.ts";
import { elementCount, formatShape, type Shape } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import { copyDispatch } from "../move/copy.ts";
import type { Kernel, Operand, Operator } from "../operator.ts";
import { bindingElements } from "../view.ts";
import { sameType } from "../walk/operands.ts";

/** Where tensors of these shapes begin when packed, and how many elements that takes. Between them may be gaps. */
export function packedLayout(shapes: readonly Shape[]): { offsets: readonly number[]; elements: number } {
  let elements = 0;
  const offsets = shapes.map((shape) => {
    const offset = elements;
    elements += Math.ceil(elementCount(shape) / bindingElements) * bindingElements;
    return offset;
  });
  return { offsets, elements };
}

/** The elements of an operand that has its buffer to itself, in a row. */
function flat({ shape, view }: Operand): { sizes: Shape; x: { offset: number; strides: number[] } } {
  return { sizes: [elementCount(shape)], x: { offset: view.offset, strides: [1] } };
}

const copies: Kernel = {
  name: "pack/copy",
  applies: () => true,
  dispatches(call, device) {
    const { offsets } = packedLayout(call.inputs.map(({ shape }) => shape));
    const { dtype } = call.outputs[0];
    return call.inputs.flatMap((input, i) => {
      if (call.inPlace?.has(i)) return [];
      return [copyDispatch(device, { ...flat(input), dtype, y: { offset: offsets[i]!, strides: [1] }, input: i })];
    });
  },
};

/**
 * Lays tensors one after another, each from a place on where a binding may begin; the gaps hold anything. Not for users.
 * - inputs: [...], one or more of one type; output: [elements], as `packedLayout` says.
 * Computed in place: what produces the inputs writes them where they go.
 */
export const pack: Operator = {
  name: "pack",
  attributes: () => ({}),
  shape(inputs) {
    const { elements } = packedLayout(inputs.map(({ shape }) => shape));
    return [{ shape: [elements], dtype: sameType("pack", inputs, ["f32", "f16", "i32", "u32"]) }];
  },
  cost(call) {
    const copied = call.inputs.filter((_, input) => !call.inPlace?.has(input));
    return { flop: 0, bytes: 2 * operandBytes({ ...call, inputs: copied, outputs: [] }) };
  },
  regions: (inputs) => ({ layout: "dense", offsets: packedLayout(inputs.map(({ shape }) => shape)).offsets }),
  kernels: [copies],
};

export interface UnpackAttributes {
  /** The tensor's first element, a multiple of `bindingElements`. */
  readonly offset: number;
  readonly shape: Shape;
}

const copy: Kernel<UnpackAttributes> = {
  name: "unpack/copy",
  applies: () => true,
  dispatches({ inputs: [{ dtype }], outputs: [output], attrs: { offset } }, device) {
    const { sizes, x: y } = flat(output);
    return [copyDispatch(device, { sizes, dtype, x: { offset, strides: [1] }, y })];
  },
};

/**
 * One of the tensors that `pack` laid one after another. Not for users.
 * - x: [elements]; output: `shape`. No work at all: it is read where it lies.
 * Throws ShapeError if it does not lie within x.
 */
export const unpack: Operator<UnpackAttributes, UnpackAttributes> = {
  name: "unpack",
  alias: ({ offset }) => offset,
  attributes: (given) => given,
  shape([{ shape: packed, dtype }], { offset, shape }) {
    if (offset + elementCount(shape) > elementCount(packed)) {
      throw new ShapeError(
        `unpack: got offset ${offset} and shape ${formatShape(shape)}, expected a part of ${formatShape(packed)}`,
      );
    }
    return [{ shape, dtype }];
  },
  cost: (call) => ({ flop: 0, bytes: operandBytes({ ...call, inputs: call.outputs }) }),
  kernels: [copy],
};
