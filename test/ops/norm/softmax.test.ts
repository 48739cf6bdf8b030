import { expect, test } from "vitest";
import { logSoftmax, softmax } from "../../../src/ops/norm/softmax.ts";
import { logSoftmaxCases, softmaxCases, softmaxGradientCases } from "../../cases/norm/softmax.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(softmaxCases);
checkOperator(logSoftmaxCases);
checkOperator(softmaxGradientCases);
checkOperator(onShortGrid(softmaxCases));

test("rejects other types and axes that are not there", () => {
  const attrs = softmax.attributes({});
  expect(() => softmax.shape([{ shape: [2, 3], dtype: "u32" }], attrs)).toThrow(
    "softmax: input 0 is u32, expected f32",
  );
  expect(() => logSoftmax.shape([{ shape: [2], dtype: "f32" }], attrs)).toThrow(
    "logSoftmax: axis is 1, expected -1 to 0 (input shapes: [2])",
  );
  expect(() => softmax.attributes({ axis: Number.NaN })).toThrow("softmax: axis is NaN, expected an integer");
});
