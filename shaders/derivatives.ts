// The derivative of every elementwise function of one number, beside `functions.ts`: gx = gy * f'(x).
import type { FunctionText, UnaryFunction } from "./functions.ts";
import { float } from "./wgsl.ts";

/** What a derivative is computed from: the function's argument, or its result, which often is kept anyway. */
export type DerivativeOf = "x" | "y";

interface Derivative {
  readonly of: DerivativeOf;
  /** An expression of `g` = gy, and `v`: x or y. T stands for f32 or vec4f, `name_of` for a function of `functions.ts`. */
  readonly gradient: string;
}

/** Undefined where the derivative is 0 almost everywhere. */
export function derivative(f: UnaryFunction): Derivative | undefined {
  switch (f.kind) {
    case "none":
      return { of: "y", gradient: "g" };
    case "relu":
      return { of: "y", gradient: "select(g, T(0.0), v <= T(0.0))" };
    case "leaky-relu":
      return { of: "x", gradient: `select(g * ${float(f.slope)}, g, v > T(0.0))` };
    case "neg":
      return { of: "y", gradient: "-g" };
    default:
      throw new Error(`no derivative of ${f.kind} yet`);
  }
}

export function derivativeText(f: UnaryFunction): FunctionText {
  const gradient = derivative(f)?.gradient ?? "T(0.0)";
  return { register: "f32", parameters: ["g: T", "v: T"], result: "T", body: `return ${gradient};` };
}
