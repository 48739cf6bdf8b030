// The derivative of every elementwise function of one number, beside `functions.ts`: gx = gy * f'(x). Where f has a corner or a
// jump, it is PyTorch's subgradient.
import type { FunctionText, UnaryFunction } from "./functions.ts";
import { float } from "./wgsl.ts";

/** What a derivative is computed from: the function's argument, its result, which often is kept anyway, or neither. */
export type DerivativeOf = "x" | "y" | "neither";

interface Derivative {
  readonly of: DerivativeOf;
  /** Statements before it. */
  readonly given?: string;
  /** An expression of `g` = gy, and `v`: x or y. T stands for f32 or vec4f, `name_of` for a function of `functions.ts`. */
  readonly gradient: string;
}

type Kind = UnaryFunction["kind"];

/** Undefined where the derivative is 0 wherever there is one. */
type Rule<K extends Kind> = (f: Extract<UnaryFunction, { readonly kind: K }>) => Derivative | undefined;

const ofX = (gradient: string): Derivative => ({ of: "x", gradient });
const ofY = (gradient: string): Derivative => ({ of: "y", gradient });
const zero = () => undefined;

const normalDensity = `${float(1 / Math.sqrt(2 * Math.PI))} * exp_of(-0.5 * v * v)`;
const twiceTanhFactor = float(2 * Math.sqrt(2 / Math.PI));

const rules: { readonly [K in Kind]: Rule<K> } = {
  none: () => ({ of: "neither", gradient: "g" }),
  neg: () => ({ of: "neither", gradient: "-g" }),
  relu: () => ofY("select(g, T(0.0), v <= T(0.0))"),
  // Where the slope is negative, y is above 0 on both sides.
  "leaky-relu": ({ slope }) => {
    const gradient = `select(g * ${float(slope)}, g, v > T(0.0))`;
    return slope >= 0 ? ofY(gradient) : ofX(gradient);
  },
  elu: ({ alpha }) =>
    alpha >= 0
      ? ofY(`select(g, g * (v + ${float(alpha)}), v <= T(0.0))`)
      : ofX(`select(g, g * ${float(alpha)} * exp_of(v), v <= T(0.0))`),
  "hard-sigmoid": ({ alpha }) => ofY(`select(T(0.0), g * ${float(alpha)}, (v > T(0.0)) & (v < T(1.0)))`),
  "hard-swish": () => ofX("select(select(g * (v / 3.0 + 0.5), g, v >= T(3.0)), T(0.0), v <= T(-3.0))"),
  clip: ({ min, max }) => {
    const limits = [
      ...(Number.isFinite(min) ? [`(v >= T(${float(min)}))`] : []),
      ...(Number.isFinite(max) ? [`(v <= T(${float(max)}))`] : []),
    ];
    return limits.length > 0 ? ofX(`select(T(0.0), g, ${limits.join(" & ")})`) : { of: "neither", gradient: "g" };
  },
  sigmoid: () => ofY("g * v * (1.0 - v)"),
  tanh: () => ofY("g * (1.0 - v * v)"),
  silu: () => ({ ...ofX("g * s * (1.0 + v * (1.0 - s))"), given: "let s = sigmoid_of(v);" }),
  softplus: () => ofX("g * sigmoid_of(v)"),
  gelu: () => ofX(`g * (0.5 * (1.0 + erf_of(v * ${float(Math.SQRT1_2)})) + v * ${normalDensity})`),
  // 0.5 * (1 + tanh(u)) is sigmoid(2u), which stays exact far below 0.
  "gelu-tanh": () => ({
    ...ofX(`g * s * (1.0 + w * (1.0 - s) * ${twiceTanhFactor} * (1.0 + 0.134145 * w * w))`),
    // Beyond 10, s is 0 or 1, and the square would overflow.
    given: `let w = select(v, sign(v) * 10.0, abs(v) > T(10.0));
  let s = sigmoid_of(${twiceTanhFactor} * (w + 0.044715 * w * w * w));`,
  }),
  exp: () => ofY("g * v"),
  log: () => ofX("g / v"),
  sqrt: () => ofY("0.5 * g / v"),
  reciprocal: () => ofY("-g * v * v"),
  erf: () => ofX(`g * ${float(2 / Math.sqrt(Math.PI))} * exp_of(-v * v)`),
  abs: () => ofX("select(select(T(0.0), g, v > T(0.0)), -g, v < T(0.0))"),
  floor: zero,
  ceil: zero,
  round: zero,
  sign: zero,
};

export function derivative(f: UnaryFunction): Derivative | undefined {
  return (rules[f.kind] as Rule<Kind>)(f);
}

export function derivativeText(f: UnaryFunction): FunctionText {
  const { given = "", gradient } = derivative(f) ?? { gradient: "T(0.0)" };
  return {
    register: "f32",
    parameters: ["g: T", "v: T"],
    result: "T",
    body: `${given}
  return ${gradient};`,
  };
}
