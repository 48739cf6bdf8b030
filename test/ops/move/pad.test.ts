import { expect, test } from "vitest";
import { type PadGiven, pad } from "../../../src/ops/move/slice-pad.ts";
import type { DType } from "../../../src/tensor.ts";
import { padCases } from "../../cases/move/pad.ts";
import { checkOperator } from "../../support/check-operator.ts";
import { onShortGrid } from "../../support/short-grid.ts";

checkOperator(padCases);
checkOperator(onShortGrid(padCases));

test("rejects cropping, other ranks, mirrors that are too long and values of another type", () => {
  const padded = (given: PadGiven, dtype: DType = "f32") =>
    pad.shape([{ shape: [4, 6], dtype }], pad.attributes(given));
  expect(() => padded({ begin: [0, -1], end: [0, 0] })).toThrow(
    "pad: begin: got [0, -1], expected integers of at least 0",
  );
  expect(() => padded({ begin: [1], end: [1] })).toThrow(
    "pad: got begin [1] and end [1], expected 2 of each (input shapes: [4, 6])",
  );
  expect(() => padded({ begin: [3, 0], end: [0, 6], mode: "reflect" })).toThrow(
    "pad: got begin [3, 0] and end [0, 6], expected each less than the size that it reflects (input shapes: [4, 6])",
  );
  expect(() => padded({ begin: [1, 1], end: [1, 1], value: -1 }, "u32")).toThrow(
    "pad: value is -1, expected an integer of u32",
  );
});
