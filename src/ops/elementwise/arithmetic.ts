// Elementwise arithmetic of two tensors.
import { registerOf } from "../../../shaders/elementwise/elementwise.wgsl.ts";
import { nanTest } from "../../../shaders/wgsl/functions.ts";
import { power } from "../../../shaders/wgsl/power.ts";
import type { DType } from "../../tensor.ts";
import type { GradientContext, Operator } from "../operator.ts";
import { sumToShape } from "../reduce/sum-expand.ts";
import { joinedType } from "../walk/operands.ts";
import { extremeGradient, powGradient } from "./arithmetic-gradients.ts";
import { createElementwise } from "./elementwise.ts";
import { neg } from "./unary.ts";

type Binary = Operator<object, object, 2>;

const floats: readonly DType[] = ["f32", "f16"];
const numbers: readonly DType[] = [...floats, "i32", "u32"];

/**
 * Sum of two tensors.
 * - a, b: [...]; output: the shape both broadcast to, as in NumPy: aligned at the last axis, a size of 1 repeats.
 * - floats, or integers, which wrap around.
 * Throws ShapeError unless both have the same type, or are floats, and broadcast.
 * Source: https://pytorch.org/docs/stable/generated/torch.add.html
 */
export const add: Binary = {
  ...createOperation("add", "+"),
  residual: true,
  affine: "shift",
  gradient: binaryGradient(({ gy }) => [gy, gy]),
};

/** Difference a - b; see {@link add}. Source: https://pytorch.org/docs/stable/generated/torch.sub.html */
export const sub: Binary = {
  ...createOperation("sub", "-"),
  gradient: binaryGradient(({ apply, gy }) => [gy, apply(neg, [gy], {})]),
};

/** Product; see {@link add}. Source: https://pytorch.org/docs/stable/generated/torch.mul.html */
export const mul: Binary = {
  ...createOperation("mul", "*"),
  affine: "scale",
  gradient: binaryGradient(({ apply, inputs: [a, b], gy }) => [apply(mul, [gy, b], {}), apply(mul, [gy, a], {})]),
};

/**
 * Quotient a / b, of integers towards zero and a where b is 0; see {@link add}.
 * - gradient: that of b from the output, which the next layer mostly keeps anyway.
 * Source: https://pytorch.org/docs/stable/generated/torch.div.html
 */
export const div: Binary = {
  ...createOperation("div", "/"),
  gradient: binaryGradient(({ apply, inputs: [, b], outputs: [y], gy }) => {
    const ga = apply(div, [gy, b], {});
    return [ga, apply(neg, [apply(mul, [ga, y], {})], {})];
  }),
};

/**
 * The larger of both, NaN where either is; see {@link add}.
 * - gradient: half each where both are equal, as in PyTorch.
 * Source: https://pytorch.org/docs/stable/generated/torch.maximum.html
 */
export const maximum: Binary = {
  ...createArithmetic("maximum", extreme(">"), "return max(a, b);"),
  gradient: extremeOperandsGradient("maximum"),
};

/**
 * The smaller of both, NaN where either is; see {@link add}.
 * - gradient: half each where both are equal, as in PyTorch.
 * Source: https://pytorch.org/docs/stable/generated/torch.minimum.html
 */
export const minimum: Binary = {
  ...createArithmetic("minimum", extreme("<"), "return min(a, b);"),
  gradient: extremeOperandsGradient("minimum"),
};

/**
 * a to the power b: NaN where a is negative and b no integer; rounded once for b of 0, 1 and 2, elsewhere as good as
 * WGSL's exp2(b * log2(a)).
 * - a, b: [...]; output: the shape both broadcast to.
 * - gradient: of a, 0 where b is 0; of b, 0 where a is 0 and b is not negative, NaN where a is negative.
 * Throws ShapeError unless both are floats of one type and broadcast.
 * Source: https://pytorch.org/docs/stable/generated/torch.pow.html
 */
export const pow: Binary = {
  ...createArithmetic("pow", `${power}\n  return y;`, undefined),
  gradient: binaryGradient(({ apply, inputs: [a, b], gy }) => [
    apply(powGradient, [gy, a, b], { of: "base" }),
    apply(powGradient, [gy, a, b], { of: "exponent" }),
  ]),
};

/** A rule for [ga, gb] in the shape of the output; each is summed to the shape of its input. */
function binaryGradient(
  rule: <V>(context: GradientContext<V, object, 2>) => readonly [V, V],
): NonNullable<Binary["gradient"]> {
  return (context) => {
    const [ga, gb] = rule(context);
    const [a, b] = context.inputs;
    return [sumToShape(context, ga, context.type(a).shape), sumToShape(context, gb, context.type(b).shape)];
  };
}

function extremeOperandsGradient(of: "maximum" | "minimum") {
  return binaryGradient(({ apply, inputs: [a, b], gy }) => [
    apply(extremeGradient, [gy, a, b], { of }),
    apply(extremeGradient, [gy, b, a], { of }),
  ]);
}

function extreme(comparison: "<" | ">"): string {
  return `return select(a, b, (b ${comparison} a) | ${nanTest("b")});`;
}

/** Without a body for integers, there is no such operator. */
function createArithmetic(name: string, body: string, integers: string | undefined): Binary {
  return createElementwise<object, object, 2>(name, {
    attributes: () => ({}),
    dtype: (inputs) => joinedType(name, inputs, integers === undefined ? floats : numbers),
    function({ inputs }) {
      const register = registerOf(inputs[0].dtype);
      const text = register === "f32" ? body : (integers ?? body);
      return { register, parameters: ["a: T", "b: T"], result: "T", body: text };
    },
    extra: { mixesFloats: true },
  });
}

function createOperation(name: string, symbol: "+" | "-" | "*" | "/"): Binary {
  const body = `return a ${symbol} b;`;
  return createArithmetic(name, body, body);
}
