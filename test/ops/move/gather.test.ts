import { expect, test } from "vitest";
import { gather } from "../../../src/ops/move/gather.ts";
import { gatherCases } from "../../cases/move/gather.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(gatherCases);
checkOperator(onShortGrid(gatherCases));

test("rejects axes that are not there and indices that are no i32", () => {
  const f32 = (...shape: number[]) => ({ shape, dtype: "f32" as const });
  expect(() => gather.shape([f32(2), f32(3)], { axis: 0 })).toThrow("gather: input 1 is f32, expected i32");
  expect(() => gather.shape([f32(2), { shape: [3], dtype: "i32" }], { axis: 1 })).toThrow(
    "gather: axis is 1, expected -1 to 0 (input shapes: [2])",
  );
  expect(() => gather.attributes({ axis: 0.5 })).toThrow("gather: axis is 0.5, expected an integer");
});
