import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from "../../../src/half.ts";
import { type RoundToAttributes, roundTo } from "../../../src/ops/elementwise/round-to.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";

const ends = [65504, 65519, 65520, 1e6, -1e6, 3.39e38, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
const ties = [1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 + 2 ** -8, -1 - 3 * 2 ** -8, 2 ** -24, 3 * 2 ** -25, -(2 ** -15), 0];

export const roundToCases: OperatorCases<RoundToAttributes, RoundToAttributes> = {
  operator: roundTo,
  reference(inputs, { type }) {
    const given = Float32Array.from(inputs[0]!.data);
    const data = type === "f16" ? f16ToF32(f32ToF16(given)) : bf16ToF32(f32ToBf16(given));
    return [{ data: Float64Array.from(data), magnitude: new Float64Array(data.length), exact: true }];
  },
  cases: (["f16", "bf16"] as const).flatMap((type) =>
    [
      { why: `to ${type}, vectors`, inputs: [[2, 3, 8]] },
      { why: `to ${type}, leftover elements`, inputs: [[3, 5, 7]] },
      { why: `to ${type}: the ends of the range, NaN`, inputs: [{ shape: [ends.length], values: ends }] },
      { why: `to ${type}: ties to even, subnormals`, inputs: [{ shape: [ties.length], values: ties }] },
    ].map((entry) => ({ ...entry, given: { type }, gradient: "steps have no differences: see the test" })),
  ),
};
