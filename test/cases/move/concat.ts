import { type ConcatAttributes, type ConcatGiven, concat } from "../../../src/ops/move/concat.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";

export const concatCases: OperatorCases<ConcatAttributes, ConcatGiven> = {
  operator: concat,
  reference(inputs, attrs) {
    const first = inputs[0]!.shape;
    const axis = attrs.axis < 0 ? attrs.axis + first.length : attrs.axis;
    const outer = first.slice(0, axis).reduce((product, size) => product * size, 1);
    const inner = first.slice(axis + 1).reduce((product, size) => product * size, 1);
    const data: number[] = [];
    for (let o = 0; o < outer; o++)
      for (const { shape, data: values } of inputs) {
        const chunk = shape[axis]! * inner;
        data.push(...values.subarray(o * chunk, (o + 1) * chunk));
      }
    return [{ data: Float64Array.from(data), magnitude: new Float64Array(data.length), exact: true }];
  },
  cases: [
    { why: "one input", inputs: [[2, 3, 4, 4]], given: {} },
    {
      why: "channels, vectors of 4 fit",
      inputs: [
        [1, 8, 4, 4],
        [1, 4, 4, 4],
      ],
      given: {},
    },
    {
      why: "channels, odd planes, batch 3, several workgroups",
      inputs: [
        [3, 5, 13, 7],
        [3, 2, 13, 7],
        [3, 9, 13, 7],
      ],
      given: {},
    },
    {
      why: "eight branches",
      inputs: [1, 2, 3, 4, 5, 6, 7, 8].map((channels) => [2, channels, 5, 5]),
      given: {},
    },
    {
      why: "batch",
      inputs: [
        [2, 3, 5],
        [1, 3, 5],
        [4, 3, 5],
      ],
      given: { axis: 0 },
    },
    {
      why: "last axis",
      inputs: [
        [2, 3, 5, 4],
        [2, 3, 5, 13],
      ],
      given: { axis: -1 },
    },
    {
      why: "rows of volumes",
      inputs: [
        [2, 2, 3, 5, 4],
        [2, 2, 3, 2, 4],
      ],
      given: { axis: 3 },
    },
    { why: "vectors", inputs: [[15], [17]], given: { axis: 0 } },
    {
      why: "i32",
      inputs: [
        { shape: [2, 3], dtype: "i32" },
        { shape: [2, 4], dtype: "i32" },
      ],
      given: {},
    },
    {
      why: "u32",
      inputs: [
        { shape: [2, 1, 3], dtype: "u32" },
        { shape: [2, 2, 3], dtype: "u32" },
      ],
      given: {},
    },
    {
      why: "NaN and infinity pass",
      inputs: [{ shape: [1, 2], values: [Number.NaN, Number.POSITIVE_INFINITY] }, [1, 3]],
      given: {},
    },
  ],
};
