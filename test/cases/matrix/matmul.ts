import { type GemmAttributes, type GemmGiven, gemm } from "../../../src/ops/matrix/gemm.ts";
import { linear } from "../../../src/ops/matrix/linear.ts";
import { matmul } from "../../../src/ops/matrix/matmul.ts";
import type { Shape } from "../../../src/tensor.ts";
import type { OperatorCase, OperatorCases, ReferenceTensor } from "../../support/operator-cases.ts";

/** Sums `a(m, k) * b(k, n)` in the order of k, and what is added behind. */
function product(
  [rows, terms, columns]: readonly [number, number, number],
  a: (m: number, k: number) => number,
  b: (k: number, n: number) => number,
  after = (sum: number, _m: number, _n: number): { value: number; extra: number; factor: number } => ({
    value: sum,
    extra: 0,
    factor: 1,
  }),
) {
  const results: { value: number; magnitude: number }[] = [];
  for (let m = 0; m < rows; m++)
    for (let n = 0; n < columns; n++) {
      let [sum, magnitude] = [0, 0];
      for (let k = 0; k < terms; k++) {
        sum += a(m, k) * b(k, n);
        magnitude += Math.abs(a(m, k) * b(k, n));
      }
      const { value, extra, factor } = after(sum, m, n);
      results.push({ value, magnitude: magnitude * factor + extra });
    }
  return results;
}

function output(results: readonly { readonly value: number; readonly magnitude: number }[]) {
  return [
    {
      data: Float64Array.from(results, ({ value }) => value),
      magnitude: Float64Array.from(results, ({ magnitude }) => magnitude),
    },
  ];
}

/** Where the matrix that belongs to item `index` of the joint batch begins. */
function matrixOf({ shape }: ReferenceTensor, batch: Shape, index: readonly number[]): number {
  const own = shape.slice(0, -2);
  const item = own.reduce((at, size, axis) => {
    const joint = index[axis - own.length + batch.length]!;
    return at * size + (size === 1 ? 0 : joint);
  }, 0);
  return item * shape.at(-2)! * shape.at(-1)!;
}

function batchOf(a: ReferenceTensor, b: ReferenceTensor): number[] {
  const [first, second] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const rank = Math.max(first.length, second.length);
  const padded = (shape: Shape) => [...Array.from({ length: rank - shape.length }, () => 1), ...shape];
  return padded(first).map((size, axis) => Math.max(size, padded(second)[axis]!));
}

export const matmulCases: OperatorCases = {
  operator: matmul,
  reference([a, b]) {
    const batch = batchOf(a!, b!);
    const [rows, terms, columns] = [a!.shape.at(-2)!, a!.shape.at(-1)!, b!.shape.at(-1)!];
    const items = batch.reduce<number[][]>(
      (found, size) => found.flatMap((index) => Array.from({ length: size }, (_, i) => [...index, i])),
      [[]],
    );
    return output(
      items.flatMap((index) => {
        const [atA, atB] = [matrixOf(a!, batch, index), matrixOf(b!, batch, index)];
        return product(
          [rows, terms, columns],
          (m, k) => a!.data[atA + m * terms + k]!,
          (k, n) => b!.data[atB + k * columns + n]!,
        );
      }),
    );
  },
  cases: [
    matmulCase("one element", [1, 1], [1, 1]),
    matmulCase("tiles fit", [8, 12], [12, 16]),
    matmulCase("leftover rows and columns", [13, 17], [17, 15]),
    matmulCase("leftover rows, quads of columns fit but no tile", [5, 3], [3, 12]),
    matmulCase("fewer columns than a quad", [7, 5], [5, 3]),
    matmulCase("one row", [1, 19], [19, 24]),
    matmulCase("one column", [19, 13], [13, 1]),
    matmulCase("one term: outer product", [9, 1], [1, 9]),
    matmulCase("many terms", [3, 515], [515, 4]),
    matmulCase("batch, several workgroups", [3, 67, 5], [3, 5, 70]),
    matmulCase("attention: batch and heads", [2, 3, 15, 8], [2, 3, 8, 15]),
    matmulCase("one b for the batch", [5, 6, 4], [4, 8]),
    matmulCase("one a for the batch", [6, 4], [5, 4, 7]),
    matmulCase("batches that repeat in turn", [2, 1, 5, 4], [3, 4, 6]),
    matmulCase("rank 5", [1, 2, 3, 4, 5], [2, 1, 1, 5, 4]),
  ],
};

function matmulCase(why: string, a: Shape, b: Shape): OperatorCase<object> {
  return { why, inputs: [a, b], given: {} };
}

function gemmCase(why: string, inputs: readonly Shape[], given: GemmGiven = {}): OperatorCase<GemmGiven> {
  return { why, inputs, given };
}

export const gemmCases: OperatorCases<GemmAttributes, GemmGiven> = {
  operator: gemm,
  reference([a, b, c], { alpha, beta, transA, transB }) {
    const [rows, terms] = transA ? [a!.shape[1]!, a!.shape[0]!] : [a!.shape[0]!, a!.shape[1]!];
    const columns = b!.shape[transB ? 0 : 1]!;
    const bias = (m: number, n: number) => {
      if (!c) return 0;
      const [height, width] = [c.shape.at(-2) ?? 1, c.shape.at(-1) ?? 1];
      return c.data[(height === 1 ? 0 : m) * width + (width === 1 ? 0 : n)]!;
    };
    return output(
      product(
        [rows, terms, columns],
        (m, k) => a!.data[transA ? k * rows + m : m * terms + k]!,
        (k, n) => b!.data[transB ? n * terms + k : k * columns + n]!,
        (sum, m, n) => ({
          value: alpha * sum + beta * bias(m, n),
          extra: Math.abs(beta * bias(m, n)),
          factor: Math.abs(alpha),
        }),
      ),
    );
  },
  cases: [
    gemmCase("plain", [
      [13, 15],
      [15, 17],
    ]),
    gemmCase(
      "a transposed",
      [
        [15, 13],
        [15, 16],
      ],
      { transA: true },
    ),
    gemmCase(
      "b transposed, tiles fit",
      [
        [8, 5],
        [16, 5],
      ],
      { transB: true },
    ),
    gemmCase(
      "both transposed, leftovers",
      [
        [5, 13],
        [15, 5],
      ],
      { transA: true, transB: true },
    ),
    gemmCase("c for each column", [[6, 4], [4, 12], [12]]),
    gemmCase("c for each row", [
      [6, 4],
      [4, 7],
      [6, 1],
    ]),
    gemmCase(
      "c for each element, factors",
      [
        [6, 4],
        [4, 8],
        [6, 8],
      ],
      { alpha: 0.5, beta: -2 },
    ),
    gemmCase("c a scalar", [[3, 4], [4, 5], []], { alpha: -1 }),
    gemmCase("beta 0", [[3, 4], [4, 8], [8]], { beta: 0 }),
  ],
};

export const linearCases: OperatorCases = {
  operator: linear,
  reference([x, weight, bias]) {
    const [columns, terms] = weight!.shape as [number, number];
    return output(
      product(
        [x!.data.length / terms, terms, columns],
        (m, k) => x!.data[m * terms + k]!,
        (k, n) => weight!.data[n * terms + k]!,
        (sum, _, n) => {
          const added = bias?.data[n % bias.data.length] ?? 0;
          return { value: sum + added, extra: Math.abs(added), factor: 1 };
        },
      ),
    );
  },
  cases: [
    { why: "a vector", inputs: [[5], [8, 5], [8]], given: {} },
    { why: "a vector, odd columns, no bias", inputs: [[13], [7, 13]], given: {} },
    { why: "rows", inputs: [[9, 6], [12, 6], [12]], given: {} },
    {
      why: "no bias, odd sizes",
      inputs: [
        [3, 13],
        [15, 13],
      ],
      given: {},
    },
    { why: "tokens of a batch, several workgroups", inputs: [[3, 67, 5], [34, 5], [34]], given: {} },
    { why: "one bias for all", inputs: [[3, 5], [7, 5], [1]], given: {} },
    { why: "rank 4", inputs: [[2, 3, 4, 5], [8, 5], [8]], given: {} },
  ],
};
