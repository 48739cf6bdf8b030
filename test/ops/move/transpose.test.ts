import { expect, test } from "vitest";
import { transpose } from "../../../src/ops/move/transpose.ts";
import { transposeCases } from "../../cases/move/transpose.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(transposeCases);
checkOperator(onShortGrid(transposeCases));

test("rejects what is no permutation, or one of another rank", () => {
  const permute = (...permutation: number[]) =>
    transpose.shape([{ shape: [4, 6], dtype: "f32" }], transpose.attributes({ permutation }));
  expect(() => permute(0, 0)).toThrow("transpose: got permutation [0, 0], expected each of 0 to 1 once");
  expect(() => permute(1, -2)).toThrow("transpose: got permutation [1, -2], expected each of 0 to 1 once");
  expect(() => permute(2, 0, 1)).toThrow(
    "transpose: got permutation [2, 0, 1], expected 2 axes (input shapes: [4, 6])",
  );
});
