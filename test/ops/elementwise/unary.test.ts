import { expect, test } from "vitest";
import { exp } from "../../../src/ops/elementwise/unary.ts";
import { functionCases, unaryGradientCases } from "../../cases/elementwise/unary.ts";
import { checkOperator } from "../../support/check-operator.ts";

for (const cases of Object.values(functionCases)) checkOperator(cases);
checkOperator(unaryGradientCases);

test("is no activation that a convolution would take into its epilogue, and rejects other types", () => {
  expect(exp.activation).toBeUndefined();
  expect(() => exp.shape([{ shape: [2], dtype: "u32" }], {})).toThrow("exp: input 0 is u32, expected f32 or f16");
});
