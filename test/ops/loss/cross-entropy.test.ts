import { expect, test } from "vitest";
import { crossEntropy } from "../../../src/ops/loss/cross-entropy.ts";
import type { AtLeast } from "../../../src/ops/operator.ts";
import type { TensorType } from "../../../src/tensor.ts";
import { crossEntropyCases, crossEntropyGradientCases } from "../../cases/loss/cross-entropy.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(crossEntropyCases);
checkOperator(crossEntropyGradientCases);
checkOperator(onShortGrid(crossEntropyCases));
checkOperator(onShortGrid(crossEntropyGradientCases));

const f32 = (...shape: number[]): TensorType => ({ shape, dtype: "f32" });
const u32 = (...shape: number[]): TensorType => ({ shape, dtype: "u32" });

test("rejects labels and weights that do not fit", () => {
  const shape = (inputs: AtLeast<TensorType, 2>, given = {}) =>
    crossEntropy.shape(inputs, crossEntropy.attributes(given));
  expect(() => shape([f32(2, 3, 4), f32(2, 4)])).toThrow("crossEntropy: labels are f32, expected u32");
  expect(() => shape([f32(2, 3, 4), u32(2, 3)])).toThrow(
    "crossEntropy: labels have shape [2, 3], expected [2, 4] (input shapes: [2, 3, 4])",
  );
  expect(() => shape([f32(4), u32(4)])).toThrow("crossEntropy: x has shape [4], expected [N, C, ...]");
  expect(() => shape([f32(2, 3, 4), u32(2, 4), f32(3)])).toThrow(
    "crossEntropy: weights have shape [3], expected [N, C] = [2, 3]",
  );
  expect(() => shape([f32(1, 33, 4), u32(1, 4)], { labels: "sets" })).toThrow(
    "crossEntropy: got sets of 33 classes, expected at most 32",
  );
});

test("rejects a negative gamma and indices that no label can be", () => {
  expect(() => crossEntropy.attributes({ gamma: -1 })).toThrow("crossEntropy: gamma is -1, expected at least 0");
  expect(() => crossEntropy.attributes({ ignoreIndex: -1 })).toThrow(
    "crossEntropy: ignoreIndex is -1, expected an integer of at least 0",
  );
});
