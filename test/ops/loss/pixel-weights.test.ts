import { expect, test } from "vitest";
import { pixelWeights } from "../../../src/ops/loss/pixel-weights.ts";
import type { AtLeast } from "../../../src/ops/operator.ts";
import type { TensorType } from "../../../src/tensor.ts";
import { pixelWeightsCases } from "../../cases/loss/pixel-weights.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(pixelWeightsCases);
checkOperator(onShortGrid(pixelWeightsCases));

test("rejects labels and weights that do not fit", () => {
  const shape = (inputs: AtLeast<TensorType, 1>, labels: "index" | "sets" = "index") =>
    pixelWeights.shape(inputs, pixelWeights.attributes({ classes: 40, labels }));
  expect(() => shape([{ shape: [2], dtype: "i32" }])).toThrow("pixelWeights: labels are i32, expected u32");
  expect(() => shape([{ shape: [], dtype: "u32" }])).toThrow("pixelWeights: labels have shape [], expected [N, ...]");
  expect(() =>
    shape([
      { shape: [2, 3], dtype: "u32" },
      { shape: [40], dtype: "f32" },
    ]),
  ).toThrow("pixelWeights: weights have shape [40], expected [N, C] = [2, 40]");
  expect(() => shape([{ shape: [2], dtype: "u32" }], "sets")).toThrow(
    "pixelWeights: got sets of 40 classes, expected at most 32",
  );
});
