import { type ReshapeAttributes, type ReshapeGiven, reshape } from "../../../src/ops/move/reshape.ts";
import type { OperatorCases } from "../../support/operator-cases.ts";

export const reshapeCases: OperatorCases<ReshapeAttributes, ReshapeGiven> = {
  operator: reshape,
  reference: ([x]) => [{ data: x!.data, magnitude: new Float64Array(x!.data.length), exact: true }],
  cases: [
    { why: "scalar to vector", inputs: [[]], given: { shape: [1] } },
    { why: "one element to scalar", inputs: [[1, 1]], given: { shape: [] } },
    { why: "flatten", inputs: [[2, 3, 13, 5]], given: { shape: [2, -1] } },
    { why: "batches that share no boundary", inputs: [[2, 15]], given: { shape: [3, 10] } },
    { why: "batch into channels, several workgroups", inputs: [[6, 4, 13]], given: { shape: [1, 24, 13] } },
    { why: "split of channels", inputs: [[2, 12, 3, 4]], given: { shape: [2, 3, 4, 3, 4] } },
    { why: "more items than before", inputs: [[2, 12]], given: { shape: [8, 3] } },
    { why: "i32", inputs: [{ shape: [3, 5], dtype: "i32" }], given: { shape: [5, -1] } },
    { why: "u32", inputs: [{ shape: [4, 4], dtype: "u32" }], given: { shape: [16] } },
  ],
};
