import { expect, test } from "vitest";
import { groupNorm, instanceNorm, layerNorm } from "../../../src/ops/norm/normalization.ts";
import { groupNormCases, instanceNormCases, layerNormCases } from "../../cases/norm/normalization.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(layerNormCases);
checkOperator(groupNormCases);
checkOperator(instanceNormCases);
checkOperator(onShortGrid(layerNormCases));
checkOperator(onShortGrid(groupNormCases));

const f32 = (...shape: number[]) => ({ shape, dtype: "f32" as const });

test("rejects parameters of other shapes and types, channels that do not divide, and a negative eps", () => {
  expect(() => layerNorm.shape([f32(2, 3, 4), f32(3)], layerNorm.attributes({}))).toThrow(
    "layerNorm: input 1 has shape [3], expected [4] (input shapes: [2, 3, 4])",
  );
  expect(() => layerNorm.shape([f32(2, 3)], layerNorm.attributes({ axis: 2 }))).toThrow(
    "layerNorm: axis is 2, expected -2 to 1 (input shapes: [2, 3])",
  );
  expect(() => groupNorm.shape([f32(2, 6, 4)], groupNorm.attributes({ groups: 4 }))).toThrow(
    "groupNorm: got 6 channels, expected a multiple of groups = 4",
  );
  expect(() => groupNorm.attributes({ groups: 0 })).toThrow("groupNorm: groups is 0, expected at least 1");
  expect(() => instanceNorm.shape([f32(4)], instanceNorm.attributes({}))).toThrow(
    "instanceNorm: x has shape [4], expected [N, C, ...]",
  );
  expect(() => instanceNorm.shape([f32(2, 3, 4), { shape: [3], dtype: "f16" }], instanceNorm.attributes({}))).toThrow(
    "instanceNorm: input 1 is f16, expected f32",
  );
  expect(() => layerNorm.attributes({ eps: -1 })).toThrow("layerNorm: eps is -1, expected at least 0");
});
