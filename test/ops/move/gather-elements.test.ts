import { expect, test } from "vitest";
import { gatherElements } from "../../../src/ops/move/gather.ts";
import { gatherElementsCases } from "../../cases/move/gather-elements.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(gatherElementsCases);
checkOperator(onShortGrid(gatherElementsCases));

test("rejects indices that are no i32, of other axes, or longer than x beside the axis", () => {
  const f32 = (...shape: number[]) => ({ shape, dtype: "f32" as const });
  const i32 = (...shape: number[]) => ({ shape, dtype: "i32" as const });
  expect(() => gatherElements.shape([f32(2), f32(3)], { axis: 0 })).toThrow(
    "gatherElements: input 1 is f32, expected i32",
  );
  const message = "gatherElements: index has shape";
  expect(() => gatherElements.shape([f32(2, 3), i32(2)], { axis: 0 })).toThrow(`${message} [2], expected`);
  expect(() => gatherElements.shape([f32(2, 3), i32(5, 4)], { axis: 0 })).toThrow(
    `${message} [5, 4], expected the axes of x, none but axis 0 longer (input shapes: [2, 3])`,
  );
  expect(() => gatherElements.attributes({ axis: 0.5 })).toThrow("gatherElements: axis is 0.5, expected an integer");
});
