// Masks: u32, 1 where something holds and 0 elsewhere. Any other number than 0 counts as 1.
import { registerOf } from "../../../shaders/elementwise/elementwise.wgsl.ts";
import { ShapeError } from "../../errors.ts";
import type { Operator } from "../operator.ts";
import { sumToShape } from "../reduce/sum-expand.ts";
import { sameType } from "../walk/operands.ts";
import { createElementwise } from "./elementwise.ts";

/**
 * Where a = b.
 * - a, b: [...]; output: u32, 1 or 0, the shape both broadcast to. NaN equals nothing.
 * - gradient: none, masks are no floats.
 * Throws ShapeError unless both have the same type and broadcast.
 * Source: https://pytorch.org/docs/stable/generated/torch.eq.html
 */
export const equal = createComparison("equal", "==");

/** Where a < b; see {@link equal}. Source: https://pytorch.org/docs/stable/generated/torch.lt.html */
export const less = createComparison("less", "<");

/** Where a <= b; see {@link equal}. Source: https://pytorch.org/docs/stable/generated/torch.le.html */
export const lessOrEqual = createComparison("lessOrEqual", "<=");

/** Where a > b; see {@link equal}. Source: https://pytorch.org/docs/stable/generated/torch.gt.html */
export const greater = createComparison("greater", ">");

/** Where a >= b; see {@link equal}. Source: https://pytorch.org/docs/stable/generated/torch.ge.html */
export const greaterOrEqual = createComparison("greaterOrEqual", ">=");

/**
 * Where both masks hold.
 * - a, b: u32 [...]; output: u32, 1 or 0, the shape both broadcast to.
 * Throws ShapeError unless both are u32 and broadcast.
 * Source: https://pytorch.org/docs/stable/generated/torch.logical_and.html
 */
export const logicalAnd = createLogical("logicalAnd", "(a != U()) & (b != U())");

/** Where either mask holds; see {@link logicalAnd}. Source: https://pytorch.org/docs/stable/generated/torch.logical_or.html */
export const logicalOr = createLogical("logicalOr", "(a != U()) | (b != U())");

/** Where one mask alone holds; see {@link logicalAnd}. Source: https://pytorch.org/docs/stable/generated/torch.logical_xor.html */
export const logicalXor = createLogical("logicalXor", "(a != U()) != (b != U())");

/** Where the mask does not hold; see {@link logicalAnd}. Source: https://pytorch.org/docs/stable/generated/torch.logical_not.html */
export const logicalNot = createLogical("logicalNot", "a == U()", ["a: T"]);

/**
 * a where the mask holds, b elsewhere.
 * - mask: u32 [...]; a, b: [...]; output: the shape all three broadcast to, the type of a and b.
 * - gradient: from the mask alone.
 * Throws ShapeError unless the mask is u32, a and b have the same type and all broadcast.
 * Source: https://pytorch.org/docs/stable/generated/torch.where.html
 */
export const where: Operator<object, object, 3> = createElementwise<object, object, 3>("where", {
  attributes: () => ({}),
  dtype([mask, a, b]) {
    if (mask.dtype !== "u32") throw new ShapeError(`where: input 0 is ${mask.dtype}, expected u32, a mask`);
    if (a.dtype === b.dtype) return a.dtype;
    throw new ShapeError(`where: input 2 is ${b.dtype}, expected ${a.dtype} as input 1`);
  },
  function: ({ inputs: [, a] }) => ({
    register: registerOf(a.dtype),
    parameters: ["mask: U", "a: T", "b: T"],
    result: "T",
    body: "return select(b, a, mask != U());",
  }),
  extra: {
    gradient(context) {
      const { inputs, gy, apply, constant, type } = context;
      const [mask, a, b] = inputs;
      const zero = constant(0);
      const [ga, gb] = [apply(where, [mask, gy, zero], {}), apply(where, [mask, zero, gy], {})];
      return [undefined, sumToShape(context, ga, type(a).shape), sumToShape(context, gb, type(b).shape)];
    },
  },
});

function createComparison(name: string, symbol: string): Operator {
  return createElementwise(name, {
    attributes: () => ({}),
    dtype(inputs) {
      sameType(name, inputs, ["f32", "f16", "i32", "u32"]);
      return "u32";
    },
    function: ({ inputs }) => ({
      register: registerOf(inputs[0].dtype),
      parameters: ["a: T", "b: T"],
      result: "U",
      body: `return select(U(), U(1u), a ${symbol} b);`,
    }),
  });
}

function createLogical(name: string, condition: string, parameters = ["a: T", "b: T"]): Operator {
  return createElementwise(name, {
    attributes: () => ({}),
    dtype: (inputs) => sameType(name, inputs, ["u32"]),
    function: () => ({ register: "u32", parameters, result: "U", body: `return select(U(), U(1u), ${condition});` }),
  });
}
