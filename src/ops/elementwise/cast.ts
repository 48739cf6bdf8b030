// Another type for the same numbers.
import { registerOf } from "../../../shaders/elementwise/elementwise.wgsl.ts";
import type { DType } from "../../tensor.ts";
import type { Operator } from "../operator.ts";
import { createElementwise } from "./elementwise.ts";

/** The type that `cast` converts to. */
export interface CastAttributes {
  readonly to: DType;
}

/**
 * Converts each element: to integers towards zero, saturating; to f16 to the nearest, saturating at 65504.
 * - x, output: [...]
 * - gradient: between floats, gy in the type of x; none from integers or to them.
 * Source: https://onnx.ai/onnx/operators/onnx__Cast.html
 */
export const cast: Operator<CastAttributes, CastAttributes> = createElementwise<CastAttributes, CastAttributes>(
  "cast",
  {
    attributes: (given) => given,
    dtype: (_, { to }) => to,
    function({ inputs, attrs }) {
      const result = ({ f32: "F", f16: "F", i32: "I", u32: "U" } as const)[attrs.to];
      return { register: registerOf(inputs[0].dtype), parameters: ["v: T"], result, body: `return ${result}(v);` };
    },
    extra: {
      gradient({ inputs: [x], gy, apply, type }) {
        const { dtype } = type(x);
        return dtype === "f32" || dtype === "f16" ? [apply(cast, [gy], { to: dtype })] : [];
      },
    },
  },
);
