import { coordinates } from "../../../src/difference.ts";
import { type TransposeAttributes, type TransposeGiven, transpose } from "../../../src/ops/move/transpose.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";

export const transposeCases: OperatorCases<TransposeAttributes, TransposeGiven> = {
  operator: transpose,
  reference([x], { permutation }) {
    const shape = permutation.map((axis) => x!.shape[axis]!);
    const data = new Float64Array(x!.data.length);
    x!.data.forEach((value, element) => {
      const from = coordinates(x!.shape, element);
      const to = permutation.reduce((index, axis, i) => index * shape[i]! + from[axis]!, 0);
      data[to] = value;
    });
    return [{ data, magnitude: new Float64Array(data.length), exact: true }];
  },
  cases: [
    { why: "scalar", inputs: [[]], given: { permutation: [] } },
    { why: "vector", inputs: [[13]], given: { permutation: [0] } },
    { why: "nothing moves", inputs: [[2, 3, 4]], given: { permutation: [0, 1, 2] } },
    { why: "matrix, several workgroups", inputs: [[17, 19]], given: { permutation: [1, 0] } },
    { why: "channels last", inputs: [[2, 3, 13, 4]], given: { permutation: [0, 2, 3, 1] } },
    { why: "channels first", inputs: [[2, 5, 7, 4]], given: { permutation: [0, 3, 1, 2] } },
    { why: "output channels of a weight innermost", inputs: [[8, 5, 3, 3]], given: { permutation: [2, 3, 1, 0] } },
    { why: "rows in fours keep together", inputs: [[3, 5, 2, 8]], given: { permutation: [0, 2, 1, 3] } },
    { why: "batch with channels", inputs: [[3, 4, 5]], given: { permutation: [1, 0, 2] } },
    { why: "rank 5, all move", inputs: [[2, 3, 4, 5, 3]], given: { permutation: [3, 0, 4, 2, 1] } },
    { why: "rank 6: pixel shuffle", inputs: [[2, 3, 2, 2, 4, 5]], given: { permutation: [0, 1, 4, 2, 5, 3] } },
    { why: "i32", inputs: [{ shape: [3, 5], dtype: "i32" }], given: { permutation: [1, 0] } },
    { why: "u32", inputs: [{ shape: [4, 2], dtype: "u32" }], given: { permutation: [1, 0] } },
  ],
};
