import { type ArgmaxAttributes, type ArgmaxGiven, argmax } from "../../../src/ops/reduce/argmax.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

export const argmaxCases: OperatorCases<ArgmaxAttributes, ArgmaxGiven> = {
  operator: argmax,
  reference([x], attrs) {
    const axis = attrs.axis < 0 ? attrs.axis + x!.shape.length : attrs.axis;
    const size = x!.shape[axis]!;
    const outer = x!.shape.slice(0, axis).reduce((product, s) => product * s, 1);
    const inner = x!.shape.slice(axis + 1).reduce((product, s) => product * s, 1);
    const data = new Float64Array(outer * inner);
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < inner; i++) {
        const column = Array.from({ length: size }, (_, k) => x!.data[(o * size + k) * inner + i]!);
        const firstNaN = column.findIndex(Number.isNaN);
        data[o * inner + i] = firstNaN >= 0 ? firstNaN : column.indexOf(Math.max(...column));
      }
    return [{ data, magnitude: new Float64Array(data.length), exact: true }];
  },
  cases: [
    { why: "one element", inputs: [[1, 1]], given: {} },
    { why: "classes of an image, batch 2", inputs: [{ shape: [2, 7, 13, 15], values: "distinct" }], given: {} },
    {
      why: "classes, keeping the axis",
      inputs: [{ shape: [2, 4, 5, 3], values: "distinct" }],
      given: { keepDim: true },
    },
    { why: "several workgroups", inputs: [{ shape: [1, 2, 17, 19], values: "distinct" }], given: {} },
    { why: "first axis", inputs: [{ shape: [5, 3, 4], values: "distinct" }], given: { axis: 0 } },
    { why: "first axis, kept", inputs: [{ shape: [5, 3, 4], values: "distinct" }], given: { axis: 0, keepDim: true } },
    { why: "last axis, long", inputs: [{ shape: [3, 1000], values: "distinct" }], given: { axis: -1 } },
    { why: "vector to scalar", inputs: [{ shape: [19], values: "distinct" }], given: { axis: 0 } },
    { why: "volume", inputs: [{ shape: [2, 3, 4, 5, 6], values: "distinct" }], given: {} },
    { why: "ties: the first wins", inputs: [{ shape: [2, 4], values: [1, 2, 2, 1, 3, 3, 3, 3] }], given: {} },
    { why: "zeros of either sign are equal", inputs: [{ shape: [2, 2], values: [-0, 0, 0, -0] }], given: {} },
    { why: "negative values", inputs: [{ shape: [2, 3], values: [-3, -1, -2, -1e30, -1e-30, -1] }], given: {} },
    { why: "subnormals differ", inputs: [{ shape: [1, 3], values: [1e-45, 3e-45, -1e-45] }], given: {} },
    {
      why: "NaN is the largest, the first of several",
      inputs: [{ shape: [3, 4], values: [1, nan, inf, nan, nan, 1, 2, 3, -inf, 5, inf, nan] }],
      given: {},
    },
    { why: "infinities", inputs: [{ shape: [2, 3], values: [-inf, -inf, -inf, 1, inf, inf] }], given: {} },
  ],
};
