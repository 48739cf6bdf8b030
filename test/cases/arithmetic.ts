import { add, div, mul, sub } from "../../src/ops/arithmetic.ts";
import type { Operator } from "../../src/ops/operator.ts";
import type { Shape } from "../../src/tensor.ts";
import type { OperatorCase, OperatorCases, ReferenceTensor } from "../support/operator-cases.ts";

const shapes: readonly (readonly [why: string, a: Shape, b: Shape])[] = [
  ["scalars", [], []],
  ["equal shapes, leftover of 4", [2, 3, 5, 7], [2, 3, 5, 7]],
  ["equal shapes, vectors of 4 fit", [3, 4, 5, 8], [3, 4, 5, 8]],
  ["equal shapes, batch 1, vectors of 4 fit", [1, 3, 4, 5], [1, 3, 4, 5]],
  ["several workgroups", [2, 13, 17, 19], [2, 13, 17, 19]],
  ["scalar and tensor", [], [2, 3, 8]],
  ["tensor and one element", [5, 6, 2], [1]],
  ["per channel, rows of 4 fit", [2, 3, 4, 8], [1, 3, 1, 1]],
  ["per channel, odd rows", [2, 5, 3, 7], [5, 1, 1]],
  ["per channel of the batch", [3, 4, 2, 2], [3, 4, 1, 1]],
  ["attention gate: one channel for all", [2, 6, 4, 5], [2, 1, 4, 5]],
  ["along the last axis, vectors of 4 fit", [7, 5, 12], [12]],
  ["one item for the whole batch", [1, 3, 4, 4], [5, 3, 4, 4]],
  ["both repeat: outer product", [13, 1], [1, 17]],
  ["rank 5, alternating", [2, 1, 3, 1, 4], [1, 5, 1, 2, 4]],
  ["lower rank first", [3, 1, 4], [2, 5, 1, 7, 1]],
];

function cases(b: "uniform" | "positive"): readonly OperatorCase<object>[] {
  return shapes.map(([why, first, second]) => ({ why, inputs: [first, { shape: second, values: b }], given: {} }));
}

/** `magnitude` is that of the terms which are rounded. */
function arithmeticCases(
  operator: Operator,
  values: "uniform" | "positive",
  formula: (a: number, b: number) => { readonly value: number; readonly magnitude: number },
): OperatorCases {
  return {
    operator,
    reference([a, b]) {
      const shape = longer(a!.shape, b!.shape).map((_, axis, { length }) =>
        Math.max(sizeAt(a!, axis, length), sizeAt(b!, axis, length)),
      );
      const results = indices(shape).map((index) => formula(at(a!, index), at(b!, index)));
      return [
        {
          data: Float64Array.from(results, ({ value }) => value),
          magnitude: Float64Array.from(results, ({ magnitude }) => magnitude),
        },
      ];
    },
    cases: cases(values),
  };
}

function longer(a: Shape, b: Shape): Shape {
  return a.length > b.length ? a : b;
}

function sizeAt({ shape }: ReferenceTensor, axis: number, rank: number): number {
  return shape[axis - rank + shape.length] ?? 1;
}

/** All indices of a shape in row-major order. */
function indices(shape: Shape): number[][] {
  return shape.reduce<number[][]>(
    (found, size) => found.flatMap((index) => Array.from({ length: size }, (_, i) => [...index, i])),
    [[]],
  );
}

/** The element that a broadcast index names. */
function at(tensor: ReferenceTensor, index: readonly number[]): number {
  let element = 0;
  tensor.shape.forEach((size, axis) => {
    element = element * size + (size === 1 ? 0 : index[index.length - tensor.shape.length + axis]!);
  });
  return tensor.data[element]!;
}

export const addCases = arithmeticCases(add, "uniform", (a, b) => ({
  value: a + b,
  magnitude: Math.abs(a) + Math.abs(b),
}));
export const subCases = arithmeticCases(sub, "uniform", (a, b) => ({
  value: a - b,
  magnitude: Math.abs(a) + Math.abs(b),
}));
export const mulCases = arithmeticCases(mul, "uniform", (a, b) => ({ value: a * b, magnitude: Math.abs(a * b) }));
export const divCases = arithmeticCases(div, "positive", (a, b) => ({ value: a / b, magnitude: Math.abs(a / b) }));
