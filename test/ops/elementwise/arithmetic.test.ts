import { expect, test } from "vitest";
import { add, pow, sub } from "../../../src/ops/elementwise/arithmetic.ts";
import {
  addCases,
  divCases,
  integerCases,
  maximumCases,
  minimumCases,
  mulCases,
  powCases,
  subCases,
} from "../../cases/elementwise/arithmetic.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(addCases);
checkOperator(subCases);
checkOperator(mulCases);
checkOperator(divCases);
checkOperator(maximumCases);
checkOperator(minimumCases);
checkOperator(powCases);
for (const cases of integerCases) checkOperator({ ...cases, storages: ["f32"] });
checkOperator(onShortGrid(addCases));

test("only the sum is a residual", () => {
  expect(add.residual).toBe(true);
  expect(sub.residual).toBeUndefined();
});

test("rejects shapes that do not broadcast, and other types", () => {
  const f32 = (shape: readonly number[]) => ({ shape, dtype: "f32" as const });
  expect(() => add.shape([f32([2, 3, 4]), f32([3, 1, 5])], {})).toThrow(
    "add: shapes do not broadcast: got [2, 3, 4] and [3, 1, 5], expected equal sizes or 1 along each axis, counted from the last",
  );
  expect(() => sub.shape([f32([2]), { shape: [2], dtype: "u32" }], {})).toThrow("sub: input 1 is u32, expected f32");
  const integer = { shape: [2], dtype: "i32" as const };
  expect(() => pow.shape([integer, integer], {})).toThrow("pow: input 0 is i32, expected f32 or f16");
});
