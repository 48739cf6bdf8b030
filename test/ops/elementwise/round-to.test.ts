import { expect, test } from "vitest";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import { roundTo } from "../../../src/ops/elementwise/round-to.ts";
import { roundToCases } from "../../cases/elementwise/round-to.ts";
import { checkOperator } from "../../support/check-operator.ts";

checkOperator(roundToCases);

test("its gradient is gy", () => {
  const b = new GraphBuilder();
  const x = b.input("x", [2, 3]);
  const gradient = b.input("gy", [2, 3]);
  const value = b.apply(roundTo, [x], { type: "f16" }, { name: "y" });
  expect(b.gradients([{ value, gradient }], [x])).toEqual([gradient]);
});
