// Functions of one number in float64, with what the rounding of f32 and the built-in functions of WGSL may do to them.
import type { UnaryFunction } from "../../shaders/wgsl/functions.ts";
import { roundHalfEven } from "../../src/round.ts";

/** `8 eps32 * magnitude` bounds the error; `slope` is what the function does to an error of its argument. */
export interface FunctionReference {
  value(x: number): number;
  magnitude(x: number, y: number): number;
  readonly slope?: number;
}

/** WGSL's exp is good to 3 + 2|x| ULP. */
export function expUlps(x: number): number {
  return Number.isFinite(x) ? 3 + 2 * Math.abs(x) : 0;
}

/** WGSL's log is good to 2^-21, that is 4 eps32, between 0.5 and 2, and to 3 ULP elsewhere. */
export function logError(x: number): number {
  return x >= 0.5 && x <= 2 ? 4 : 3 * Math.abs(Math.log(x));
}

/** In units of 8 eps32. */
const ulps = (count: number, y: number) => (Math.abs(y) * Math.max(8, count)) / 8;

const rounded = (_: number, y: number) => Math.abs(y);
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const halves = (x: number, y: number) => Math.abs(x) + Math.abs(y);
const sigmoidUlps = (x: number) => expUlps(x) * (1 - sigmoid(x)) + 4;

/** Of every kind; functions with attributes get them from `f`. */
export function functionReference(f: UnaryFunction): FunctionReference {
  switch (f.kind) {
    case "none":
      return { value: (x) => x, magnitude: () => 0 };
    case "relu":
      return { value: (x) => Math.max(x, 0), magnitude: () => 0 };
    case "leaky-relu":
      return { value: (x) => (x < 0 ? x * f.slope : x), magnitude: rounded, slope: Math.max(1, Math.abs(f.slope)) };
    case "sigmoid":
      return { value: sigmoid, magnitude: (x, y) => ulps(sigmoidUlps(x), y) };
    case "silu":
      return { value: (x) => x / (1 + Math.exp(-x)), magnitude: (x, y) => ulps(sigmoidUlps(x) + 1, y), slope: 1.1 };
    case "tanh":
      // Away from 0, both 1 - e and 1 + e carry the error of e = exp(-2|x|), which is at most 0.29 there.
      return { value: Math.tanh, magnitude: rounded };
    case "elu":
      return {
        value: (x) => (x > 0 ? x : f.alpha * Math.expm1(x)),
        magnitude: (_, y) => Math.abs(y) + Math.abs(f.alpha),
        slope: Math.max(1, Math.abs(f.alpha)),
      };
    case "hard-sigmoid":
      return {
        value: (x) => Math.min(Math.max(f.alpha * x + f.beta, 0), 1),
        magnitude: () => 1 + Math.abs(f.beta),
        slope: Math.abs(f.alpha),
      };
    case "hard-swish":
      return { value: (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6, magnitude: halves, slope: 1.5 };
    case "gelu":
      return { value: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)), magnitude: halves, slope: 1.2 };
    case "gelu-tanh":
      return {
        value: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
        magnitude: halves,
        slope: 1.2,
      };
    case "clip":
      return { value: (x) => Math.min(Math.max(x, f.min), f.max), magnitude: rounded };
    case "softplus":
      return {
        value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
        magnitude: (_, y) => Math.abs(y) + 1,
      };
    case "exp":
      return { value: (x) => inRange(Math.exp(x)), magnitude: (x, y) => ulps(expUlps(x), y) };
    case "log":
      return { value: Math.log, magnitude: (x, y) => Math.max(Math.abs(y), logError(x) / 8) };
    case "sqrt":
      return { value: Math.sqrt, magnitude: rounded };
    case "reciprocal":
      return { value: (x) => 1 / x, magnitude: rounded };
    case "erf":
      return { value: erf, magnitude: rounded };
    case "abs":
    case "floor":
    case "ceil":
      return { value: Math[f.kind], magnitude: () => 0 };
    case "neg":
      return { value: (x) => -x, magnitude: () => 0 };
    case "round":
      return { value: roundHalfEven, magnitude: () => 0 };
    case "sign":
      return { value: (x) => (x > 0 ? 1 : x < 0 ? -1 : 0), magnitude: () => 0 };
    default:
      return f satisfies never;
  }
}

/** Beyond the largest f32 there is only infinity. */
function inRange(y: number): number {
  return Math.abs(y) > 3.4028236e38 ? Math.sign(y) * Number.POSITIVE_INFINITY : y;
}

/** By its series, whose terms are all positive: 2/sqrt(pi) * exp(-x^2) * sum of 2^n x^(2n+1) / (1 * 3 * ... * (2n+1)). */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let [term, sum] = [x, x];
  for (let n = 1; n < 200; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
