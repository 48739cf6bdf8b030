import { prelu } from "../../../src/ops/elementwise/prelu.ts";
import { broadcasts, elementwiseCases, pairs, rounded, shapes } from "../../support/broadcast-cases.ts";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

export const preluCases = elementwiseCases(
  prelu,
  [
    ...broadcasts(shapes.filter(([why]) => /scalars|leftover|per channel, |last axis|several/.test(why))),
    pairs("NaN, infinities", [
      [nan, 2],
      [inf, -1],
      [-inf, 0.5],
      [-0, 3],
      [-1, nan],
    ]),
  ],
  (x, slope) => rounded(x >= 0 || Number.isNaN(x) ? x : x * slope),
);
