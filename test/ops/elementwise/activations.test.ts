import { expect, test } from "vitest";
import { clip, elu, gelu, hardSigmoid, leakyRelu, relu } from "../../../src/ops/elementwise/activations.ts";
import { activationCases } from "../../cases/elementwise/unary.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

for (const cases of Object.values(activationCases)) checkOperator(cases);
checkOperator(onShortGrid(activationCases.relu));

test("names the activation that an epilogue computes instead", () => {
  expect(relu.activation?.({})).toEqual({ kind: "relu" });
  expect(leakyRelu.activation?.(leakyRelu.attributes({}))).toEqual({ kind: "leaky-relu", slope: 0.01 });
  expect(clip.activation?.(clip.attributes({ min: 0, max: 6 }))).toEqual({ kind: "clip", min: 0, max: 6 });
  expect(gelu.activation?.(gelu.attributes({ approximate: "tanh" }))).toEqual({ kind: "gelu-tanh" });
});

test("rejects other types and attributes that are no numbers", () => {
  expect(() => relu.shape([{ shape: [2], dtype: "i32" }], {})).toThrow("relu: input 0 is i32, expected f32");
  expect(() => leakyRelu.attributes({ slope: Number.NaN })).toThrow(
    "leakyRelu: slope is NaN, expected a finite number",
  );
  expect(() => elu.attributes({ alpha: Number.POSITIVE_INFINITY })).toThrow(
    "elu: alpha is Infinity, expected a finite number",
  );
  expect(() => hardSigmoid.attributes({ beta: Number.NaN })).toThrow(
    "hardSigmoid: beta is NaN, expected a finite number",
  );
  expect(() => clip.attributes({ max: Number.NaN })).toThrow("clip: got limits -Infinity and NaN, expected numbers");
  // @ts-expect-error What a caller without types may give.
  expect(() => gelu.attributes({ approximate: "fast" })).toThrow("gelu: approximate is fast, expected none or tanh");
});
