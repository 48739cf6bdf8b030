import { expect, test } from "vitest";
import { batchNorm } from "../../../src/ops/norm/batch-norm.ts";
import { batchNormCases } from "../../cases/norm/batch-norm.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(batchNormCases);
checkOperator(onShortGrid(batchNormCases));

const f32 = (...shape: number[]) => ({ shape, dtype: "f32" as const });

test("names the operator that folds it, with its own eps", () => {
  const fold = batchNorm.fold?.({ eps: 0.5 }, { axis: 1, bias: true });
  expect(fold?.operator.name).toBe("foldBatchNorm");
  expect(fold?.given).toEqual({ eps: 0.5, axis: 1, bias: true });
});

test("rejects inputs without channels, vectors of another length and a negative eps", () => {
  const attrs = batchNorm.attributes({});
  expect(() => batchNorm.shape([f32(3), f32(3), f32(3), f32(3), f32(3)], attrs)).toThrow(
    "batchNorm: x has shape [3], expected [N, C, ...]",
  );
  expect(() => batchNorm.shape([f32(2, 3, 4), f32(3), f32(3), f32(4), f32(3)], attrs)).toThrow(
    "batchNorm: input 3 has shape [4], expected [C] = [3], one per channel",
  );
  expect(() => batchNorm.attributes({ eps: -1 })).toThrow("batchNorm: eps is -1, expected at least 0");
});
