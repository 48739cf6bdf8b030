import type { Operator } from "../../../src/ops/operator.ts";
import type { ReductionAttributes, ReductionGiven } from "../../../src/ops/reduce/reduce.ts";
import * as reductions from "../../../src/ops/reduce/reductions.ts";
import { sum } from "../../../src/ops/reduce/sum-expand.ts";
import { expUlps, logError } from "../../support/functions.ts";
import type { InputSpec, OperatorCase, OperatorCases, ReferenceTensor } from "../../support/operator-cases.ts";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

interface Result {
  readonly value: number;
  readonly magnitude: number;
}

type Case = OperatorCase<ReductionGiven>;

function reduction(why: string, input: Case["inputs"][number], given: ReductionGiven = {}): Case {
  return { why, inputs: [input], given };
}

const common: readonly Case[] = [
  reduction("scalar", []),
  reduction("one element", [1, 1]),
  reduction("everything", [2, 3, 5, 7]),
  reduction("everything, kept", [3, 5, 4], { keepDim: true }),
  reduction("nothing: an empty list", [3, 5, 7], { axes: [] }),
  reduction("planes, several workgroups", [5, 19, 13, 15], { axes: [2, 3] }),
  reduction("planes, kept", [2, 3, 4, 8], { axes: [-2, -1], keepDim: true }),
  reduction("channels", [2, 7, 3, 5], { axes: [1] }),
  reduction("channels, kept", [2, 4, 3, 5], { axes: [1], keepDim: true }),
  reduction("first axis", [17, 3, 4], { axes: [0] }),
  reduction("axes apart, out of order", [3, 4, 5, 6], { axes: [-1, 1] }),
  reduction("first and last", [3, 4, 5, 6], { axes: [0, 3], keepDim: true }),
  reduction("long rows", [3, 2049], { axes: [1] }),
  reduction("one long row", [131, 127]),
  reduction("volume", [2, 3, 4, 5, 6], { axes: [2, 3, 4] }),
];

/** For those that share a kernel with the ones above. */
const brief = common.filter(({ why }) => /everything$|planes, kept|axes apart|long rows/.test(why));

function integers(dtype: "i32" | "u32"): readonly Case[] {
  const input = (shape: readonly number[]): InputSpec => ({ shape, dtype });
  return [
    reduction(`planes, ${dtype}`, input([2, 3, 4, 5]), { axes: [2, 3] }),
    reduction(`long row, ${dtype}`, input([515])),
  ];
}

const special = reduction(
  "NaN and infinities",
  { shape: [6, 3], values: [nan, 1, 2, 1, 2, nan, inf, 1, 2, -inf, 1, 2, -inf, -inf, -inf, inf, inf, 1] },
  { axes: [1] },
);
const opposite = reduction("opposite infinities", { shape: [1, 3], values: [inf, -inf, 1] }, { axes: [1] });

/** Applies `formula` to the terms of every element, which are found by going through x once. */
function reductionCases(
  operator: Operator<ReductionAttributes, ReductionGiven>,
  cases: readonly Case[],
  formula: (terms: readonly number[]) => Result,
): OperatorCases<ReductionAttributes, ReductionGiven> {
  return {
    operator,
    reference([x], attrs) {
      const results = [...rows(x!, attrs.axes).values()].map(formula);
      const magnitude = Float64Array.from(results, (result) =>
        Number.isFinite(result.magnitude) ? result.magnitude : 0,
      );
      const data = Float64Array.from(results, ({ value }) => value);
      return [{ data, magnitude, ...(magnitude.every((bound) => bound === 0) && { exact: true }) }];
    },
    cases,
  };
}

function rows({ shape, data }: ReferenceTensor, axes: ReductionAttributes["axes"]): Map<string, number[]> {
  const found = new Map<string, number[]>();
  const index = shape.map(() => 0);
  for (const value of data) {
    const isReduced = (axis: number) => axes === "all" || axes.some((a) => (a < 0 ? a + shape.length : a) === axis);
    const key = index.map((i, axis) => (isReduced(axis) ? "" : i)).join();
    const row = found.get(key);
    if (row) row.push(value);
    else found.set(key, [value]);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
  return found;
}

const total = (terms: readonly number[]) => terms.reduce((sum, term) => sum + term, 0);
const absolute = (terms: readonly number[]) => total(terms.map(Math.abs));

export const sumCases = reductionCases(sum, [...common, special, opposite], (terms) => ({
  value: total(terms),
  magnitude: absolute(terms),
}));
export const meanCases = reductionCases(reductions.mean, [...brief, special], (terms) => ({
  value: total(terms) / terms.length,
  magnitude: absolute(terms) / terms.length,
}));
export const l2NormCases = reductionCases(reductions.l2Norm, brief, (terms) => {
  const value = Math.sqrt(total(terms.map((term) => term * term)));
  return { value, magnitude: value };
});
/** Each factor is rounded once. */
export const prodCases = reductionCases(
  reductions.prod,
  [
    reduction("everything", { shape: [2, 3, 5], values: "positive" }),
    reduction("channels", { shape: [2, 7, 3, 5], values: "positive" }, { axes: [1] }),
    reduction("a zero, negative factors", { shape: [2, 3], values: [2, 0, 3, -2, 3, -0.5] }, { axes: [1] }),
    special,
  ],
  (terms) => {
    const value = terms.reduce((product, term) => product * term, 1);
    return { value, magnitude: (Math.abs(value) * Math.max(8, terms.length)) / 8 };
  },
);

const exact = (value: number): Result => ({ value, magnitude: 0 });
const extremes = [...brief, special, opposite, ...integers("i32"), ...integers("u32")];

export const amaxCases = reductionCases(reductions.amax, extremes, (terms) => exact(Math.max(...terms)));
export const aminCases = reductionCases(reductions.amin, extremes, (terms) => exact(Math.min(...terms)));

/** Integers wrap around, whatever their order. */
export const integerCases = [
  reductionCases(sum, [...integers("i32"), ...integers("u32")], (terms) => exact(total(terms))),
  reductionCases(
    reductions.prod,
    [reduction("beyond 32 bits", { shape: [2, 3], dtype: "i32", values: [65537, 65537, 3, -2, 7, 9] }, { axes: [1] })],
    (terms) => exact(terms.reduce((product, term) => Math.imul(product, term), 1)),
  ),
];

export const logSumExpCases = reductionCases(
  reductions.logSumExp,
  [
    ...brief,
    special,
    {
      ...reduction("values of 1e4", { shape: [2, 3], values: [1e4, 9999, 9990, -1e4, -1e4, -9998.5] }, { axes: [1] }),
      gradient: "it comes from y as in PyTorch, which f32 rounds to 1e-3 here",
    },
  ],
  (terms) => {
    const largest = Math.max(...terms);
    const shift = Number.isFinite(largest) ? largest : 0;
    const sum = total(terms.map((term) => Math.exp(term - shift)));
    const finite = terms.map((term) => term - shift).filter(Number.isFinite);
    const errors = finite.map((d) => (Math.exp(d) / sum) * (expUlps(d) + Math.abs(d) / 2));
    return {
      value: shift + Math.log(sum),
      magnitude: Math.abs(shift) + Math.log(sum) + (total(errors) + logError(sum)) / 8 + 1,
    };
  },
);
