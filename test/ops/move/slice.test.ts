import { expect, test } from "vitest";
import { type SliceGiven, slice } from "../../../src/ops/move/slice-pad.ts";
import { sliceCases } from "../../cases/move/slice.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(sliceCases);
checkOperator(onShortGrid(sliceCases));

test("rejects lists that do not fit together and boxes with nothing in them", () => {
  const cut = (given: SliceGiven) => slice.shape([{ shape: [4, 6], dtype: "f32" }], slice.attributes(given));
  expect(() => cut({ starts: [0], ends: [1, 2] })).toThrow(
    "slice: got 1, 2, 1, 1 starts, ends, axes and steps, expected as many of each",
  );
  expect(() => cut({ starts: [0.5], ends: [2] })).toThrow(
    "slice: got starts [0.5] and ends [2], expected integers or Infinity",
  );
  expect(() => cut({ starts: [0], ends: [2], steps: [-1] })).toThrow(
    "slice: steps: got [-1], expected integers of at least 1",
  );
  expect(() => cut({ starts: [0], ends: [2], axes: [2] })).toThrow(
    "slice: axis is 2, expected -2 to 1 (input shapes: [4, 6])",
  );
  expect(() => cut({ starts: [0, 0], ends: [2, 2], axes: [1, -1] })).toThrow(
    "slice: got axes [1, -1], expected each once (input shapes: [4, 6])",
  );
  expect(() => cut({ starts: [3], ends: [3] })).toThrow(
    "slice: nothing is left: got starts [3] and ends [3] on axes [0], expected at least one element (input shapes: [4, 6])",
  );
});
