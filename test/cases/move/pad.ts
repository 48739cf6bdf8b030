import { coordinates } from "../../../src/difference.ts";
import { type PadAttributes, type PadGiven, pad } from "../../../src/ops/move/slice-pad.ts";
import type { OperatorCase, OperatorCases } from "../../support/operator-cases.ts";

export const padCases: OperatorCases<PadAttributes, PadGiven> = {
  operator: pad,
  reference([x], { begin, end, mode, value }) {
    const shape = x!.shape.map((size, axis) => begin[axis]! + size + end[axis]!);
    const data = Float64Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, element) => {
      const from = coordinates(shape, element).map((index, axis) =>
        source(index - begin[axis]!, x!.shape[axis]!, mode),
      );
      if (from.includes(undefined)) return Number.isInteger(value) ? value : Math.fround(value);
      return x!.data[from.reduce<number>((at, index, axis) => at * x!.shape[axis]! + index!, 0)]!;
    });
    return [{ data, magnitude: new Float64Array(data.length), exact: true }];
  },
  cases: [
    ...(["constant", "reflect", "replicate"] as const).flatMap((mode): readonly OperatorCase<PadGiven>[] => [
      { why: `${mode}: nothing`, inputs: [[2, 3]], given: { begin: [0, 0], end: [0, 0], mode } },
      {
        why: `${mode}: image, all sides differ, batch 2, several workgroups`,
        inputs: [[2, 3, 13, 15]],
        given: { begin: [0, 0, 1, 4], end: [0, 0, 3, 2], mode },
      },
      {
        why: `${mode}: batch and channels too`,
        inputs: [[3, 4, 2]],
        given: { begin: [1, 2, 0], end: [2, 1, 1], mode },
      },
      { why: `${mode}: as far as it goes`, inputs: [[1, 5]], given: { begin: [0, 4], end: [0, 4], mode } },
      {
        why: `${mode}: volume`,
        inputs: [[1, 2, 3, 4, 5]],
        given: { begin: [0, 0, 1, 2, 3], end: [0, 0, 2, 1, 0], mode },
      },
      { why: `${mode}: i32`, inputs: [{ shape: [3, 5], dtype: "i32" }], given: { begin: [1, 2], end: [0, 1], mode } },
    ]),
    { why: "scalar", inputs: [[]], given: { begin: [], end: [] } },
    { why: "one element, repeated", inputs: [[1]], given: { begin: [3], end: [17], mode: "replicate" } },
    { why: "value", inputs: [[2, 3]], given: { begin: [1, 1], end: [1, 1], value: -0.3 } },
    {
      why: "value -Infinity",
      inputs: [[2, 3]],
      given: { begin: [0, 1], end: [0, 1], value: Number.NEGATIVE_INFINITY },
      gradient: "differences of infinities",
    },
    { why: "value of i32", inputs: [{ shape: [4], dtype: "i32" }], given: { begin: [1], end: [1], value: -7 } },
    { why: "value of u32", inputs: [{ shape: [4], dtype: "u32" }], given: { begin: [1], end: [0], value: 4294967295 } },
  ],
};

/** The place in the input, or undefined outside of it. */
export function source(index: number, size: number, mode: PadAttributes["mode"]): number | undefined {
  if (index >= 0 && index < size) return index;
  if (mode === "constant") return undefined;
  if (mode === "replicate") return index < 0 ? 0 : size - 1;
  return index < 0 ? -index : size - 1 - (index - (size - 1));
}
