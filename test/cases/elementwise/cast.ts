import { type CastAttributes, cast } from "../../../src/ops/elementwise/cast.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";

const beyondHalf = [65504, 65519, 65520, 1e6, -1e6, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];

export const castCases: OperatorCases<CastAttributes, CastAttributes> = {
  operator: cast,
  reference(inputs, { to }) {
    const { data } = inputs[0]!;
    const converted = to === "i32" || to === "u32" ? data.map(Math.trunc) : data;
    return [{ data: converted, magnitude: new Float64Array(data.length), exact: true }];
  },
  cases: [
    { why: "to f16, vectors", inputs: [[2, 3, 8]], given: { to: "f16" } },
    { why: "to f16, leftover elements", inputs: [[3, 5, 7]], given: { to: "f16" } },
    { why: "to f16, several workgroups", inputs: [[2, 4, 19, 20]], given: { to: "f16" } },
    {
      why: "to f16 saturates, but keeps NaN",
      inputs: [{ shape: [beyondHalf.length], values: beyondHalf }],
      given: { to: "f16" },
    },
    {
      why: "to f16 rounds to nearest, ties to even, subnormals too",
      inputs: [
        { shape: [6], values: [1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 - 2 ** -12, 2 ** -24, 3 * 2 ** -25, 2 ** -14] },
      ],
      given: { to: "f16" },
    },
    { why: "to f32", inputs: [[2, 5, 6]], given: { to: "f32" } },
    {
      why: "to i32, towards zero",
      inputs: [{ shape: [2, 3], values: [-1.5, -0.5, 0.5, 1.5, 2047.5, -3] }],
      given: { to: "i32" },
    },
    { why: "to u32", inputs: [{ shape: [5], values: [0, 0.9, 1, 1.9, 2048] }], given: { to: "u32" } },
    { why: "from i32", inputs: [{ shape: [3, 7], dtype: "i32" }], given: { to: "f32" } },
    { why: "from i32 to f16", inputs: [{ shape: [3, 7], dtype: "i32" }], given: { to: "f16" } },
    { why: "from u32", inputs: [{ shape: [3, 8], dtype: "u32" }], given: { to: "f32" } },
  ],
};
