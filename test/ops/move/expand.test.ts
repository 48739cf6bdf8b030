import { expect, test } from "vitest";
import { tile } from "../../../src/ops/move/tile.ts";
import { expand } from "../../../src/ops/reduce/sum-expand.ts";
import { expandCases, tileCases } from "../../cases/move/expand.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(expandCases);
checkOperator(tileCases);
checkOperator(onShortGrid(expandCases));

test("rejects shapes that do not broadcast, and repeats that do not fit", () => {
  const x = { shape: [2, 3], dtype: "f32" as const };
  expect(() => expand.shape([x], { shape: [2, 4] })).toThrow("expand: shapes do not broadcast: got [2, 3] and [2, 4]");
  expect(() => expand.attributes({ shape: [0] })).toThrow("expand: shape: got [0], expected integers of at least 1");
  expect(() => tile.shape([x], { repeats: [2] })).toThrow("tile: got repeats [2], expected 2 (input shapes: [2, 3])");
  expect(() => tile.attributes({ repeats: [1.5] })).toThrow(
    "tile: repeats: got [1.5], expected integers of at least 1",
  );
});
