import { expect, test } from "vitest";
import { argmax } from "../../src/ops/argmax.ts";
import { argmaxCases } from "../cases/argmax.ts";
import { checkOperator } from "../support/check-operator.ts";
import { onShortGrid } from "../support/short-grid.ts";

checkOperator(argmaxCases);
checkOperator(onShortGrid(argmaxCases));

test("rejects other types and axes that are not there", () => {
  const attrs = argmax.attributes({});
  expect(() => argmax.shape([{ shape: [2, 3], dtype: "i32" }], attrs)).toThrow("argmax: input 0 is i32, expected f32");
  expect(() => argmax.shape([{ shape: [2], dtype: "f32" }], attrs)).toThrow(
    "argmax: axis is 1, expected -1 to 0 (input shapes: [2])",
  );
});
