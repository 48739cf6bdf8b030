// The parts of the gradients of normalizations; that they are those of the whole is checked by differences.
import { normGradient, normStatistics, normWeightGradient } from "../../../src/ops/norm/gradient.ts";
import type { RowKind } from "../../../src/ops/norm/rows.ts";
import type { Shape } from "../../../src/tensor.ts";
import type { InputSpec, OperatorCase, OperatorCases } from "../../support/operator-cases.ts";

const count = (sizes: Shape) => sizes.reduce((product, size) => product * size, 1);

interface Layout {
  readonly rows: number;
  readonly length: number;
  readonly weightShape: Shape;
  /** The element of the weight that belongs to an element of x. */
  place(element: number): number;
}

/** Rows follow each other. */
function layoutOf(shape: Shape, kind: RowKind): Layout {
  if ("axis" in kind) {
    const weightShape = shape.slice(kind.axis < 0 ? kind.axis + shape.length : kind.axis);
    const length = count(weightShape);
    return { rows: count(shape) / length, length, weightShape, place: (element) => element % length };
  }
  const [items, channels, ...inner] = shape as [number, number, ...number[]];
  const rows = items * kind.groups;
  const place = (element: number) => Math.floor(element / count(inner)) % channels;
  return { rows, length: count(shape) / rows, weightShape: [channels], place };
}

const shapes: readonly (readonly [why: string, shape: Shape, rows: RowKind])[] = [
  ["one element", [1], { axis: 0 }],
  ["tokens, vectors of 4 fit", [5, 29, 24], { axis: -1 }],
  ["odd rows of two axes", [7, 3, 5], { axis: 1 }],
  ["all axes", [3, 4, 5], { axis: 0 }],
  ["groups, several workgroups", [3, 34, 3, 5], { groups: 17 }],
  ["channels of planes, vectors of 4 fit", [2, 3, 8, 12], { groups: 3 }],
  ["channels of a volume, long rows", [2, 2, 5, 9, 11], { groups: 2 }],
  ["channels of one element", [2, 3, 1], { groups: 3 }],
];

type Attributes = { readonly rows: RowKind };
type StatisticsAttributes = Attributes & { readonly eps: number };

export const normStatisticsCases: OperatorCases<StatisticsAttributes, StatisticsAttributes> = {
  operator: normStatistics,
  reference([gy, x, weight], { rows: kind, eps }) {
    const { rows, length, place } = layoutOf(x!.shape, kind);
    const results = Array.from({ length: rows }, (_, row) => {
      const elements = Array.from({ length }, (_, k) => row * length + k);
      const average = (term: (element: number) => number) =>
        elements.reduce((sum, element) => sum + term(element), 0) / length;
      const mean = average((element) => x!.data[element]!);
      const size = average((element) => Math.abs(x!.data[element]!));
      const scale = 1 / Math.sqrt(average((element) => (x!.data[element]! - mean) ** 2) + eps);
      const g = (element: number) => gy!.data[element]! * (weight?.data[place(element)] ?? 1);
      const sizeOfG = average((element) => Math.abs(g(element)));
      return [
        { value: mean, magnitude: size },
        { value: scale, magnitude: scale },
        { value: average(g), magnitude: sizeOfG },
        {
          value: average((element) => g(element) * (x!.data[element]! - mean) * scale),
          // What the mean's error moves, too.
          magnitude: average((element) => Math.abs(g(element)) * (Math.abs(x!.data[element]!) + 2 * size) * scale),
        },
      ];
    }).flat();
    return [output(results)];
  },
  cases: shapes.flatMap(([why, shape, rows]) => {
    const weight = layoutOf(shape, rows).weightShape;
    return [
      { why, inputs: [shape, shape, weight], given: { rows, eps: 1e-3 } },
      { why: `${why}, no weight`, inputs: [shape, shape], given: { rows, eps: 0.1 } },
    ];
  }),
};

export const normGradientCases: OperatorCases<Attributes, Attributes> = {
  operator: normGradient,
  reference([gy, x, statistics, weight], { rows }) {
    const { length, place } = layoutOf(x!.shape, rows);
    const results = [...x!.data].map((value, element) => {
      const row = Math.floor(element / length);
      const [mean, scale, a, b] = [...statistics!.data.subarray(4 * row, 4 * row + 4)];
      const g = gy!.data[element]! * (weight?.data[place(element)] ?? 1);
      const term = (value - mean!) * scale! * b!;
      const size = (Math.abs(value) + Math.abs(mean!)) * Math.abs(scale! * b!);
      return { value: scale! * (g - a! - term), magnitude: Math.abs(scale!) * (Math.abs(g) + Math.abs(a!) + size) };
    });
    return [output(results)];
  },
  cases: shapes.flatMap(([why, shape, rows]) => {
    const weight = layoutOf(shape, rows).weightShape;
    const inputs = [shape, shape, statisticsOf(shape, rows)];
    return [
      { why, inputs: [...inputs, weight], given: { rows } },
      { why: `${why}, no weight`, inputs, given: { rows } },
    ];
  }),
};

type WeightAttributes = Attributes & { readonly bias: boolean };

export const normWeightGradientCases: OperatorCases<WeightAttributes, WeightAttributes> = {
  operator: normWeightGradient,
  reference([gy, x, statistics], { rows, bias }) {
    const { length, place, weightShape } = layoutOf(x!.shape, rows);
    const [weights, biases] = [0, 1].map(() =>
      Array.from({ length: count(weightShape) }, () => ({ value: 0, magnitude: 0 })),
    );
    x!.data.forEach((value, element) => {
      const row = Math.floor(element / length);
      const [mean, scale] = [statistics!.data[4 * row]!, statistics!.data[4 * row + 1]!];
      const g = gy!.data[element]!;
      const at = place(element);
      weights![at]!.value += g * (value - mean) * scale;
      weights![at]!.magnitude += Math.abs(g * scale) * (Math.abs(value) + Math.abs(mean));
      biases![at]!.value += g;
      biases![at]!.magnitude += Math.abs(g);
    });
    return bias ? [output(weights!), output(biases!)] : [output(weights!)];
  },
  cases: shapes.map(([why, shape, rows], i): OperatorCase<WeightAttributes> => {
    const bias = i !== 1;
    const name = bias ? why : `${why}, no bias`;
    return { why: name, inputs: [shape, shape, statisticsOf(shape, rows)], given: { rows, bias } };
  }),
};

function statisticsOf(shape: Shape, rows: RowKind): InputSpec {
  return { shape: [layoutOf(shape, rows).rows, 4], values: "positive" };
}

function output(results: readonly { readonly value: number; readonly magnitude: number }[]) {
  return {
    data: Float64Array.from(results, ({ value }) => value),
    magnitude: Float64Array.from(results, ({ magnitude }) => magnitude),
  };
}
