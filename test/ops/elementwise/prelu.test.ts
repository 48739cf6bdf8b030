import { expect, test } from "vitest";
import { prelu } from "../../../src/ops/elementwise/prelu.ts";
import { preluCases } from "../../cases/elementwise/prelu.ts";
import { checkOperator } from "../../support/check-operator.ts";

checkOperator(preluCases);

test("rejects slopes that are more than x", () => {
  const f32 = (...shape: number[]) => ({ shape, dtype: "f32" as const });
  expect(() => prelu.shape([f32(2, 3, 4), f32(3)], {})).toThrow(
    "prelu: slope has shape [3], expected one that broadcasts to [2, 3, 4]",
  );
  expect(() => prelu.shape([f32(1, 3), f32(2, 3)], {})).toThrow(
    "prelu: slope has shape [2, 3], expected one that broadcasts to [1, 3]",
  );
});
