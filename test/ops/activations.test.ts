import { expect, test } from "vitest";
import { leakyRelu, relu } from "../../src/ops/activations.ts";
import { leakyReluCases, reluCases, sigmoidCases } from "../cases/activations.ts";
import { checkOperator } from "../support/check-operator.ts";
import { onShortGrid } from "../support/short-grid.ts";

checkOperator(reluCases);
checkOperator(leakyReluCases);
checkOperator(sigmoidCases);
checkOperator(onShortGrid(reluCases));

test("names the activation that an epilogue computes instead", () => {
  expect(relu.activation?.({})).toEqual({ kind: "relu" });
  expect(leakyRelu.activation?.(leakyRelu.attributes({}))).toEqual({ kind: "leaky-relu", slope: 0.01 });
});

test("rejects other types and slopes that are no numbers", () => {
  expect(() => relu.shape([{ shape: [2], dtype: "i32" }], {})).toThrow("relu: input 0 is i32, expected f32");
  expect(() => leakyRelu.attributes({ slope: Number.NaN })).toThrow(
    "leakyRelu: slope is NaN, expected a finite number",
  );
});
