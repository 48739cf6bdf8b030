import { type TriluAttributes, type TriluGiven, tril, triu } from "../../../src/ops/move/trilu.ts";
import type { OperatorCase, OperatorCases, ReferenceTensor } from "../../support/operator-cases.ts";

const cases: readonly OperatorCase<TriluGiven>[] = [
  { why: "one element", inputs: [[1, 1]], given: {} },
  { why: "a square", inputs: [[5, 5]], given: {} },
  { why: "wide, above the main diagonal", inputs: [[4, 9]], given: { diagonal: 2 } },
  { why: "tall, below the main diagonal", inputs: [[9, 4]], given: { diagonal: -3 } },
  { why: "a stack of matrices, several workgroups", inputs: [[2, 3, 13, 15]], given: { diagonal: 1 } },
  { why: "beyond the upper right corner", inputs: [[3, 4, 5]], given: { diagonal: 100 } },
  { why: "beyond the lower left corner", inputs: [[3, 4, 5]], given: { diagonal: -2_147_483_649 } },
  { why: "one row", inputs: [[2, 1, 7]], given: { diagonal: 3 } },
  { why: "integers", inputs: [{ shape: [4, 4], dtype: "i32" }], given: { diagonal: -1 } },
];

function kept([x]: readonly ReferenceTensor[], isKept: (row: number, column: number) => boolean) {
  const [rows, columns] = x!.shape.slice(-2) as [number, number];
  const data = x!.data.map((value, i) => (isKept(Math.floor(i / columns) % rows, i % columns) ? value : 0));
  return [{ data, magnitude: new Float64Array(data.length), exact: true }] as const;
}

export const triuCases: OperatorCases<TriluAttributes, TriluGiven> = {
  operator: triu,
  reference: (inputs, { diagonal }) => kept(inputs, (row, column) => column - row >= diagonal),
  cases,
};

export const trilCases: OperatorCases<TriluAttributes, TriluGiven> = {
  operator: tril,
  reference: (inputs, { diagonal }) => kept(inputs, (row, column) => column - row <= diagonal),
  cases,
};
