import { expect, test } from "vitest";
import { binaryCrossEntropy } from "../../../src/ops/loss/binary-cross-entropy.ts";
import type { AtLeast } from "../../../src/ops/operator.ts";
import type { TensorType } from "../../../src/tensor.ts";
import { binaryCrossEntropyCases, binaryCrossEntropyGradientCases } from "../../cases/loss/binary-cross-entropy.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(binaryCrossEntropyCases);
checkOperator(binaryCrossEntropyGradientCases);
checkOperator(onShortGrid(binaryCrossEntropyCases));
checkOperator(onShortGrid(binaryCrossEntropyGradientCases));

test("rejects labels and weights that do not fit", () => {
  const shape = (inputs: AtLeast<TensorType, 2>) => binaryCrossEntropy.shape(inputs, binaryCrossEntropy.attributes({}));
  const x: TensorType = { shape: [2, 3, 4], dtype: "f32" };
  expect(() => shape([x, { shape: [2, 3], dtype: "u32" }])).toThrow(
    "binaryCrossEntropy: labels have shape [2, 3], expected [2, 4] (input shapes: [2, 3, 4])",
  );
  expect(() => shape([x, { shape: [2, 4], dtype: "u32" }, { shape: [3], dtype: "f32" }])).toThrow(
    "binaryCrossEntropy: weights have shape [3], expected [N, C] = [2, 3]",
  );
});

test("rejects a negative gamma and a margin of 0", () => {
  expect(() => binaryCrossEntropy.attributes({ gamma: -1 })).toThrow(
    "binaryCrossEntropy: gamma is -1, expected at least 0",
  );
  expect(() => binaryCrossEntropy.attributes({ margin: 0 })).toThrow(
    "binaryCrossEntropy: margin is 0, expected above 0",
  );
});
