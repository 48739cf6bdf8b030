import { expect, test } from "vitest";
import { reshape } from "../../../src/ops/move/reshape.ts";
import { reshapeCases } from "../../cases/move/reshape.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(reshapeCases);
checkOperator(onShortGrid(reshapeCases));

test("replaces -1 by what is left", () => {
  const [output] = reshape.shape([{ shape: [2, 3, 8], dtype: "i32" }], reshape.attributes({ shape: [4, -1, 2] }));
  expect(output).toEqual({ shape: [4, 6, 2], dtype: "i32" });
});

test("rejects shapes that are wrong or hold another number of elements", () => {
  const to = (...shape: number[]) => reshape.shape([{ shape: [2, 3], dtype: "f32" }], reshape.attributes({ shape }));
  expect(() => to(-1, -1)).toThrow("reshape: got shape [-1, -1], expected sizes of at least 1 and at most one -1");
  expect(() => to(6, 0)).toThrow("reshape: got shape [6, 0], expected sizes of at least 1");
  expect(() => to(4, 2)).toThrow("reshape: got shape [4, 2], expected 6 elements (input shapes: [2, 3])");
  expect(() => to(4, -1)).toThrow("reshape: got shape [4, -1], expected 6 elements (input shapes: [2, 3])");
});
