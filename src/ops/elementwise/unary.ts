// Functions of one number, elementwise.
import {
  type Activation,
  derivativeOf,
  derivativeText,
  type PlainKind,
  type UnaryFunction,
  unaryText,
} from "../../../shaders/wgsl/functions.ts";
import type { Operator } from "../operator.ts";
import { floatType } from "../walk/operands.ts";
import { createElementwise, createGradient } from "./elementwise.ts";

interface UnaryRecord<A extends object, G extends object, F extends UnaryFunction> {
  attributes(given: G): A;
  function(attrs: A): F;
}

/** An operator on floats, x to output of the same shape. */
function createUnary<A extends object, G extends object>(
  name: string,
  { attributes, function: of }: UnaryRecord<A, G, UnaryFunction>,
): Operator<A, G> {
  return createElementwise(name, {
    attributes,
    dtype: (inputs) => floatType(name, inputs),
    function: ({ attrs }) => unaryText(of(attrs)),
    extra: {
      gradient({ attrs, inputs: [x], outputs: [y], gy, apply }) {
        const f = of(attrs);
        const from = derivativeOf(f);
        if (from === undefined) return [];
        return [apply(unaryGradient, [gy, { x, y, neither: gy }[from]], { function: f })];
      },
    },
  });
}

/** One that the epilogue of the kernel before may compute. */
export function createActivation<A extends object, G extends object>(
  name: string,
  record: UnaryRecord<A, G, Activation>,
): Operator<A, G> {
  return { ...createUnary(name, record), activation: record.function };
}

/**
 * gy * f'(x), of the function's argument or of its result, whichever `derivativeOf` names: the result where it is cheap, since
 * the next layer mostly keeps it anyway. Not for users.
 * - gy, x or y, output: [...], floats
 */
export const unaryGradient = createGradient<UnaryGradientAttributes>("unaryGradient", ["g: T", "v: T"], (attrs) =>
  derivativeText(attrs.function),
);

interface UnaryGradientAttributes {
  readonly function: UnaryFunction;
}

/**
 * e to the x.
 * - x, output: [...], floats as for all of these
 * - gradient: of all of these by `unaryGradient`; 0 for floor, ceil, round and sign, as in PyTorch.
 * Source: https://pytorch.org/docs/stable/generated/torch.exp.html
 */
export const exp = plain("exp");

/** The natural logarithm; of 0 it is -Infinity, below NaN. Source: https://pytorch.org/docs/stable/generated/torch.log.html */
export const log = plain("log");

/** The square root; NaN below 0. Source: https://pytorch.org/docs/stable/generated/torch.sqrt.html */
export const sqrt = plain("sqrt");

/** The absolute value. Source: https://pytorch.org/docs/stable/generated/torch.abs.html */
export const abs = plain("abs");

/** The number of the other sign. Source: https://pytorch.org/docs/stable/generated/torch.neg.html */
export const neg = plain("neg");

/** 1 / x. Source: https://pytorch.org/docs/stable/generated/torch.reciprocal.html */
export const reciprocal = plain("reciprocal");

/** The largest integer that is not above x. Source: https://pytorch.org/docs/stable/generated/torch.floor.html */
export const floor = plain("floor");

/** The smallest integer that is not below x. Source: https://pytorch.org/docs/stable/generated/torch.ceil.html */
export const ceil = plain("ceil");

/** The nearest integer, the even one of two. Source: https://pytorch.org/docs/stable/generated/torch.round.html */
export const round = plain("round");

/** -1, 0 or 1; 0 for NaN, as in PyTorch. Source: https://pytorch.org/docs/stable/generated/torch.sign.html */
export const sign = plain("sign");

/** The error function. Source: https://pytorch.org/docs/stable/special.html#torch.special.erf */
export const erf = plain("erf");

/** log(1 + exp(x)), without overflow. Source: https://pytorch.org/docs/stable/generated/torch.nn.Softplus.html */
export const softplus = plain("softplus");

function plain(kind: PlainKind): Operator {
  return createUnary(kind, { attributes: () => ({}), function: () => ({ kind }) });
}
