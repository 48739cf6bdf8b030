// Elementwise arithmetic of two tensors.
import { registerOf } from "../../shaders/elementwise.wgsl.ts";
import { nanTest } from "../../shaders/functions.ts";
import type { DType } from "../tensor.ts";
import { sumToShape } from "./broadcast-gradient.ts";
import { createElementwise } from "./elementwise.ts";
import { sameType } from "./operands.ts";
import type { GradientContext, Operator } from "./operator.ts";
import { neg } from "./unary.ts";

const floats: readonly DType[] = ["f32", "f16"];
const numbers: readonly DType[] = [...floats, "i32", "u32"];

/**
 * Sum of two tensors.
 * - a, b: [...]; output: the shape both broadcast to, as in NumPy: aligned at the last axis, a size of 1 repeats.
 * - floats, or integers, which wrap around.
 * Throws ShapeError unless both have the same type and broadcast.
 * Source: https://pytorch.org/docs/stable/generated/torch.add.html
 */
export const add: Operator = {
  ...createOperation("add", "+"),
  residual: true,
  gradient: binaryGradient((_, gy) => [gy, gy]),
};

/** Difference a - b; see {@link add}. Source: https://pytorch.org/docs/stable/generated/torch.sub.html */
export const sub: Operator = {
  ...createOperation("sub", "-"),
  gradient: binaryGradient(({ apply }, gy) => [gy, apply(neg, [gy], {})]),
};

/** Product; see {@link add}. Source: https://pytorch.org/docs/stable/generated/torch.mul.html */
export const mul: Operator = {
  ...createOperation("mul", "*"),
  gradient: binaryGradient(({ apply, inputs: [a, b] }, gy) => [apply(mul, [gy, b!], {}), apply(mul, [gy, a!], {})]),
};

/**
 * Quotient a / b, of integers towards zero and a where b is 0; see {@link add}.
 * Source: https://pytorch.org/docs/stable/generated/torch.div.html
 */
export const div = createOperation("div", "/");

/** The larger of both, NaN where either is; see {@link add}. Source: https://pytorch.org/docs/stable/generated/torch.maximum.html */
export const maximum = createArithmetic("maximum", extreme(">"), "return max(a, b);");

/** The smaller of both, NaN where either is; see {@link add}. Source: https://pytorch.org/docs/stable/generated/torch.minimum.html */
export const minimum = createArithmetic("minimum", extreme("<"), "return min(a, b);");

/**
 * a to the power b: NaN where a is negative and b no integer; rounded once for b of 0, 1 and 2, elsewhere as good as
 * WGSL's exp2(b * log2(a)).
 * - a, b: [...]; output: the shape both broadcast to.
 * Throws ShapeError unless both are floats of one type and broadcast.
 * Source: https://pytorch.org/docs/stable/generated/torch.pow.html
 */
export const pow = createArithmetic(
  "pow",
  `let isOdd = abs(b) - 2.0 * floor(abs(b) * 0.5) == T(1.0);
  // What pow makes of 0 and a negative exponent differs by driver.
  var y = select(pow(abs(a), b), bitcast<T>(bitcast<U>(abs(a)) | U(0x7f800000u)), (a == T(0.0)) & (b < T(0.0)));
  y = select(y, -y, (bitcast<U>(a) >= U(0x80000000u)) & isOdd);
  y = select(y, bitcast<T>(bitcast<U>(a) | U(0x7fc00000u)), (a < T(0.0)) & (floor(b) != b));
  y = select(y, a * a, b == T(2.0));
  y = select(y, a, (b == T(1.0)) | ${nanTest("a")});
  y = select(y, b, ${nanTest("b")});
  return select(y, T(1.0), (b == T(0.0)) | (a == T(1.0)));`,
  undefined,
);

/** A rule for [ga, gb] in the shape of the output; each is summed to the shape of its input. */
function binaryGradient(
  rule: <V>(context: GradientContext<V>, gy: V) => readonly [V, V],
): NonNullable<Operator["gradient"]> {
  return (context) => {
    const { inputs, outputGradients, type } = context;
    return rule(context, outputGradients[0]!).map((gradient, i) =>
      sumToShape(context, gradient, type(inputs[i]!).shape),
    );
  };
}

function extreme(comparison: "<" | ">"): string {
  return `return select(a, b, (b ${comparison} a) | ${nanTest("b")});`;
}

/** Without a body for integers, there is no such operator. */
function createArithmetic(name: string, body: string, integers: string | undefined): Operator {
  return createElementwise(name, {
    attributes: () => ({}),
    dtype: (inputs) => sameType(name, inputs, integers === undefined ? floats : numbers),
    function({ inputs }) {
      const register = registerOf(inputs[0]!.dtype);
      const text = register === "f32" ? body : (integers ?? body);
      return { register, parameters: ["a: T", "b: T"], result: "T", body: text };
    },
  });
}

function createOperation(name: string, symbol: "+" | "-" | "*" | "/"): Operator {
  const body = `return a ${symbol} b;`;
  return createArithmetic(name, body, body);
}
