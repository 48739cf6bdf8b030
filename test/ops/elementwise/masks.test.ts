import { expect, test } from "vitest";
import { equal, logicalNot, where } from "../../../src/ops/elementwise/masks.ts";
import { comparisonCases, logicalCases, whereCases } from "../../cases/elementwise/masks.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

for (const cases of comparisonCases) checkOperator(cases);
for (const cases of logicalCases) checkOperator({ ...cases, storages: ["f32"] });
checkOperator(whereCases);
checkOperator(onShortGrid(whereCases));

test("masks are u32, and other types are rejected", () => {
  const of = (dtype: "f32" | "f16" | "u32", ...shape: number[]) => ({ shape, dtype });
  expect(equal.shape([of("f16", 2, 3), of("f16", 3)], {})).toEqual([of("u32", 2, 3)]);
  expect(where.shape([of("u32", 2, 1), of("f16", 3), of("f16")], {})).toEqual([of("f16", 2, 3)]);
  expect(() => equal.shape([of("f32", 2), of("f16", 2)], {})).toThrow("equal: input 1 is f16, expected f32 as input 0");
  expect(() => logicalNot.shape([of("f32", 2)], {})).toThrow("logicalNot: input 0 is f32, expected u32");
  expect(() => where.shape([of("f32", 2), of("f32", 2), of("f32", 2)], {})).toThrow(
    "where: input 0 is f32, expected u32, a mask",
  );
  expect(() => where.shape([of("u32", 2), of("f32", 2), of("f16", 2)], {})).toThrow(
    "where: input 2 is f16, expected f32 as input 1",
  );
});
