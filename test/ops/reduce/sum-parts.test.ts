import { expect, test } from "vitest";
import { sumParts } from "../../../src/ops/reduce/sum-parts.ts";
import { sumPartsCases } from "../../cases/reduce/sum-parts.ts";
import { checkOperator } from "../../support/check-operator.ts";

checkOperator(sumPartsCases);

test("refuses channels that are no multiple of the parts", () => {
  expect(() => sumParts.shape([{ shape: [1, 7, 2, 2], dtype: "f32" }], { parts: 2 })).toThrow(
    "sumParts: x has shape [1, 7, 2, 2], expected channels a multiple of 2",
  );
});
