// Gradients of arithmetic that would take several passes as other operators. Not for users.
import { power } from "../../../shaders/wgsl/power.ts";
import { createGradient } from "./elementwise.ts";

export interface ExtremeGradientAttributes {
  readonly of: "maximum" | "minimum";
}

/**
 * The share of gy that an operand of maximum or minimum gets: all, half where both are equal, or none.
 * - gy, a, the other operand: floats; output: the shape that all broadcast to. NaN gets all, as in PyTorch.
 */
export const extremeGradient = createGradient<ExtremeGradientAttributes>(
  "extremeGradient",
  ["g: T", "a: T", "b: T"],
  ({ of }) => `return select(select(g, 0.5 * g, a == b), T(0.0), a ${of === "maximum" ? "<" : ">"} b);`,
);

export interface PowGradientAttributes {
  readonly of: "base" | "exponent";
}

/**
 * gy * b * a^(b - 1), 0 where b is 0; or gy * a^b * log(a), 0 where a is 0 and b is not negative.
 * - gy, a, b: floats; output: the shape that all broadcast to.
 */
export const powGradient = createGradient<PowGradientAttributes>(
  "powGradient",
  ["g: T", "a: T", "given: T"],
  ({ of }) =>
    of === "base"
      ? `let b = given - 1.0;
  ${power}
  return select(g * given * y, T(0.0), given == T(0.0));`
      : `let b = given;
  ${power}
  return select(g * y * log_of(a), T(0.0), (a == T(0.0)) & (b >= T(0.0)));`,
);
