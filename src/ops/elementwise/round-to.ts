// Numbers of a narrower type, held as they were.
import type { Operator } from "../operator.ts";
import { floatType } from "../walk/operands.ts";
import { createElementwise } from "./elementwise.ts";

/** The type whose numbers `roundTo` gives. */
export interface RoundToAttributes {
  readonly type: "f16" | "bf16";
}

/** The bits of f32 that a type has no place for are cut off after half of the last one that stays was added. */
const bf16 = `let bits = bitcast<U>(v);
  let rounded = (bits + U(0x7fffu) + ((bits >> U(16u)) & U(1u))) & U(0xffff0000u);
  return select(bitcast<T>(rounded), v, (bits & U(0x7fffffffu)) > U(0x7f800000u));`;

/** Numbers below 2^-14 are multiples of 2^-24; from 65520 on they are infinite. */
const f16 = `let bits = bitcast<U>(v);
  let size = bits & U(0x7fffffffu);
  let normal = (bits + U(0xfffu) + ((bits >> U(13u)) & U(1u))) & U(0xffffe000u);
  let infinite = (bits & U(0x80000000u)) | U(0x7f800000u);
  let tiny = round(v * 16777216.0) * (1.0 / 16777216.0);
  let wide = bitcast<T>(select(normal, infinite, size >= U(0x477ff000u)));
  return select(select(wide, tiny, size < U(0x38800000u)), v, size > U(0x7f800000u));`;

/**
 * The nearest number that f16 or bf16 has, ties to even; beyond its range infinity, and NaN stays NaN. The output is stored as
 * x is.
 * - x, output: [...]
 * - gradient: gy, as of a cast
 * Throws ShapeError unless x is f32 or f16.
 * Source: https://onnx.ai/onnx/operators/onnx__Cast.html
 */
export const roundTo: Operator<RoundToAttributes, RoundToAttributes> = createElementwise<
  RoundToAttributes,
  RoundToAttributes
>("roundTo", {
  attributes: (given) => given,
  dtype: (inputs) => floatType("roundTo", inputs),
  function: ({ attrs }) => ({
    register: "f32",
    parameters: ["v: T"],
    result: "T",
    body: attrs.type === "f16" ? f16 : bf16,
  }),
  extra: { gradient: ({ gy }) => [gy] },
});
