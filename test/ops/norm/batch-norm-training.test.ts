import { expect, test } from "vitest";
import { batchNormTraining } from "../../../src/ops/norm/batch-norm-training.ts";
import { batchNormGradientCases, batchNormTrainingCases } from "../../cases/norm/batch-norm-training.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(batchNormTrainingCases);
checkOperator(onShortGrid(batchNormTrainingCases));
checkOperator(batchNormGradientCases);
checkOperator(onShortGrid(batchNormGradientCases));

test("rejects channels of one element, which have no variance", () => {
  const f32 = (shape: readonly number[]) => ({ shape, dtype: "f32" as const });
  expect(() => batchNormTraining.shape([f32([1, 3, 1, 1]), f32([3]), f32([3])], { eps: 1e-5 })).toThrow(
    "batchNormTraining: x has shape [1, 3, 1, 1], expected [N, C, ...], 2 elements per channel or more",
  );
});
