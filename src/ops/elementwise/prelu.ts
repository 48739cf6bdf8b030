// The leaky ReLU whose slopes are trained.
import { ShapeError } from "../../errors.ts";
import { formatShape } from "../../tensor.ts";
import type { Operator } from "../operator.ts";
import { sumToShape } from "../reduce/sum-expand.ts";
import { floatType } from "../walk/operands.ts";
import { createElementwise, createGradient } from "./elementwise.ts";

/**
 * x where it is at least 0, slope * x elsewhere.
 * - x, output: [...]; slope: any shape that broadcasts to x's, aligned at the last axis: [C, 1, 1] for one per channel
 *   of [N, C, H, W]. NaN stays NaN.
 * - gradient: from x and the slope; at 0 that of x is the slope's side, as in PyTorch.
 * Throws ShapeError unless both are floats of one type and the slope broadcasts to x.
 * Source: https://onnx.ai/onnx/operators/onnx__PRelu.html
 */
export const prelu: Operator<object, object, 2> = createElementwise<object, object, 2>("prelu", {
  attributes: () => ({}),
  dtype([x, slope]) {
    const missing = x.shape.length - slope.shape.length;
    if (missing < 0 || slope.shape.some((size, axis) => size !== 1 && size !== x.shape[axis + missing])) {
      throw new ShapeError(
        `prelu: slope has shape ${formatShape(slope.shape)}, expected one that broadcasts to ${formatShape(x.shape)}`,
      );
    }
    return floatType("prelu", [x, slope]);
  },
  function: () => ({
    register: "f32",
    parameters: ["v: T", "slope: T"],
    result: "T",
    body: "return select(v * slope, v, v >= T(0.0));",
  }),
  extra: {
    gradient(context) {
      const { inputs, gy, apply, type } = context;
      const [x, slope] = inputs;
      const of = (which: "x" | "slope") => apply(preluGradient, [gy, x, slope], { of: which });
      return [of("x"), sumToShape(context, of("slope"), type(slope).shape)];
    },
  },
});

interface PreluGradientAttributes {
  readonly of: "x" | "slope";
}

/**
 * gy or gy * slope, or gy * min(x, 0): the slope's before it is summed to its shape. Not for users.
 * - gy, x, output: [...]; slope: what broadcasts to x
 */
export const preluGradient = createGradient<PreluGradientAttributes>(
  "preluGradient",
  ["g: T", "v: T", "slope: T"],
  ({ of }) => (of === "x" ? "return select(g * slope, g, v > T(0.0));" : "return select(g * v, T(0.0), v > T(0.0));"),
);
