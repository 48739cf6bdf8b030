import { expect, test } from "vitest";
import { foldBatchNorm } from "../../../src/ops/norm/fold-batch-norm.ts";
import { foldBatchNormCases } from "../../cases/norm/fold-batch-norm.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(foldBatchNormCases);
checkOperator(onShortGrid(foldBatchNormCases));

const f32 = (...shape: number[]) => ({ shape, dtype: "f32" as const });

test("rejects a wrong number of inputs, an axis that is not there and vectors of another length", () => {
  const attrs = { eps: 1e-5, axis: 0, bias: true };
  const vectors = [f32(8), f32(8), f32(8), f32(8)];
  expect(() => foldBatchNorm.shape([f32(8, 4, 3, 3), ...vectors], attrs)).toThrow(
    "foldBatchNorm: got 5 inputs, expected weight, bias, gamma, beta, mean, variance",
  );
  expect(() => foldBatchNorm.shape([f32(8, 4, 3, 3), ...vectors], { ...attrs, bias: false, axis: 4 })).toThrow(
    "foldBatchNorm: axis is 4, expected -4 to 3 (input shapes: [8, 4, 3, 3])",
  );
  expect(() => foldBatchNorm.shape([f32(8, 4, 3, 3), ...vectors], { ...attrs, bias: false, axis: 1 })).toThrow(
    "foldBatchNorm: input 1 has shape [8], expected [C] = [4], one per channel",
  );
});
