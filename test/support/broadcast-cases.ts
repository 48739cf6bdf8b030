// Cases of operators on two tensors or three: broadcasting, and the values that matter to comparisons.
import type { Operator } from "../../src/ops/operator.ts";
import type { DType, Shape } from "../../src/tensor.ts";
import type { InputSpec, OperatorCase, OperatorCases, ReferenceTensor } from "./operator-cases.ts";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

export const shapes: readonly (readonly [why: string, a: Shape, b: Shape])[] = [
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

/** For operators that share the kernel of one that has been through all of them. */
export const brief = shapes.filter(([why]) => /leftover|batch 1|odd rows|lower rank/.test(why));

interface Values {
  readonly a?: InputSpec["values"];
  readonly b?: InputSpec["values"];
  readonly dtype?: DType;
}

export function broadcasts(list: typeof shapes, { a = "uniform", b = "uniform", dtype = "f32" }: Values = {}) {
  return list.map(
    ([why, first, second]): OperatorCase<object> => ({
      why: dtype === "f32" ? why : `${why}, ${dtype}`,
      inputs: [
        { shape: first, values: a, dtype },
        { shape: second, values: b, dtype },
      ],
      given: {},
    }),
  );
}

export function pairs(
  why: string,
  list: readonly (readonly [number, number])[],
  dtype: DType = "f32",
): OperatorCase<object> {
  const column = (k: 0 | 1): InputSpec => ({ shape: [list.length], values: list.map((pair) => pair[k]), dtype });
  return { why, inputs: [column(0), column(1)], given: {} };
}

/** The same where differences cannot check the gradient. */
export function withoutDifferences(reason: string, entry: OperatorCase<object>): OperatorCase<object> {
  return { ...entry, gradient: reason };
}

export interface Result {
  readonly value: number;
  /** That of the terms which are rounded; none where the result is exact. */
  readonly magnitude?: number;
}

/** Applies `formula` to the elements that each index of the broadcast shape names. */
export function elementwiseCases(
  operator: Operator,
  cases: readonly OperatorCase<object>[],
  formula: (...values: [number, number, number]) => Result,
): OperatorCases {
  return {
    operator,
    reference(inputs) {
      const rank = Math.max(...inputs.map(({ shape }) => shape.length));
      const shape = Array.from({ length: rank }, (_, axis) => Math.max(...inputs.map((x) => sizeAt(x, axis, rank))));
      const results = indices(shape).map((index) => {
        const [a, b, c] = inputs.map((input) => at(input, index));
        return formula(a!, b ?? 0, c ?? 0);
      });
      const data = Float64Array.from(results, ({ value }) => value);
      const magnitude = Float64Array.from(results, ({ magnitude = 0 }) => (Number.isFinite(magnitude) ? magnitude : 0));
      return [{ data, magnitude, ...(magnitude.every((bound) => bound === 0) && { exact: true }) }];
    },
    cases,
  };
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

export const rounded = (value: number, magnitude = Math.abs(value)): Result => ({ value, magnitude });

export const ordered = [
  ...broadcasts(brief),
  pairs("NaN, infinities, ties, zeros", [
    [nan, 1],
    [1, nan],
    [nan, nan],
    [inf, 1],
    [-inf, 1],
    [inf, inf],
    [2, 2],
    [-0, 0],
    [3, 2],
  ]),
];
export const integers = (dtype: "i32" | "u32") => broadcasts(brief.slice(0, 2), { dtype });
