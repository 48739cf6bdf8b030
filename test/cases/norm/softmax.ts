import { logSoftmax, type SoftmaxAttributes, type SoftmaxGiven, softmax } from "../../../src/ops/norm/softmax.ts";
import { type SoftmaxGradientAttributes, softmaxGradient } from "../../../src/ops/norm/softmax-gradient.ts";
import type { Shape } from "../../../src/tensor.ts";
import type { InputSpec, OperatorCase, OperatorCases, ReferenceTensor } from "../../support/operator-cases.ts";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

const cases: readonly OperatorCase<SoftmaxGiven>[] = [
  { why: "one class", inputs: [[2, 1, 3]], given: {} },
  { why: "classes of an image, batch 2, several workgroups", inputs: [[2, 7, 13, 15]], given: {} },
  { why: "two classes", inputs: [[1, 2, 17, 19]], given: {} },
  { why: "first axis", inputs: [[5, 3, 4]], given: { axis: 0 } },
  { why: "last axis, long", inputs: [[3, 1000]], given: { axis: -1 } },
  {
    why: "thousands of classes that vanish beside one, but not together",
    inputs: [{ shape: [2, 6625], values: Array.from({ length: 2 * 6625 }, (_, i) => (i % 6625 === 3 ? 4 : -13)) }],
    given: {},
    gradient: "a softmax next to 1 has rounded away what its gradient is made of",
  },
  { why: "vector", inputs: [[19]], given: { axis: 0 } },
  { why: "volume", inputs: [[2, 3, 4, 5, 6]], given: {} },
  { why: "spread logits", inputs: [{ shape: [13, 8, 2], values: "distinct" }], given: {} },
  { why: "logits of 1e4", inputs: [{ shape: [2, 3], values: [1e4, 9999, 9990, -1e4, -1e4, -9998.5] }], given: {} },
  { why: "logits of 1e38", inputs: [{ shape: [2, 2], values: [1e38, -1e38, -1e38, -1e38] }], given: {} },
  { why: "impossible classes", inputs: [{ shape: [1, 3], values: [-inf, 1, 2] }], given: {} },
  {
    why: "columns that are NaN",
    inputs: [{ shape: [5, 3], values: [nan, 1, 2, 1, nan, 2, 1, 2, nan, inf, 1, 2, -inf, -inf, -inf] }],
    given: {},
  },
];

/** Calls `visit` for each column with its values and the elements they come from. */
function eachColumn(x: ReferenceTensor, axis: number, visit: (values: number[], elements: number[]) => void): void {
  const place = axis < 0 ? axis + x.shape.length : axis;
  const count = (sizes: Shape) => sizes.reduce((product, size) => product * size, 1);
  const [size, inner] = [x.shape[place]!, count(x.shape.slice(place + 1))];
  for (let o = 0; o < count(x.shape.slice(0, place)); o++)
    for (let i = 0; i < inner; i++) {
      const elements = Array.from({ length: size }, (_, k) => (o * size + k) * inner + i);
      visit(
        elements.map((element) => x.data[element]!),
        elements,
      );
    }
}

/**
 * What WGSL grants to the sum, in ULP: exp is good to 3 + 2|d|, rounding d costs |d| / 2, and a term is rounded half an ULP
 * in every addition that it goes through: those of its block of 64, then those of the blocks.
 */
function sumUlps(terms: readonly number[], differences: readonly number[], sum: number): number {
  const additions = Math.min(terms.length, 64) + Math.floor(terms.length / 64);
  return terms.reduce((ulps, term, k) => ulps + (term / sum) * expUlps(differences[k]!), additions / 2);
}

function expUlps(difference: number): number {
  return Number.isFinite(difference) ? 3 + 2.5 * Math.abs(difference) : 0;
}

export const softmaxCases: OperatorCases<SoftmaxAttributes, SoftmaxGiven> = {
  operator: softmax,
  reference([x], { axis }) {
    const data = new Float64Array(x!.data.length);
    const magnitude = new Float64Array(data.length);
    eachColumn(x!, axis, (values, elements) => {
      const largest = Math.max(...values);
      const differences = values.map((value) => value - largest);
      const terms = differences.map(Math.exp);
      const sum = terms.reduce((total, term) => total + term, 0);
      const ulpsOfSum = sumUlps(terms, differences, sum);
      elements.forEach((element, k) => {
        data[element] = terms[k]! / sum;
        // The quotient is good to 2.5 ULP.
        const ulps = expUlps(differences[k]!) + ulpsOfSum + 2.5;
        magnitude[element] = (data[element]! * Math.max(8, ulps)) / 8;
      });
    });
    return [{ data, magnitude }];
  },
  cases,
};

export const logSoftmaxCases: OperatorCases<SoftmaxAttributes, SoftmaxGiven> = {
  operator: logSoftmax,
  reference([x], { axis }) {
    const data = new Float64Array(x!.data.length);
    const magnitude = new Float64Array(data.length);
    eachColumn(x!, axis, (values, elements) => {
      const largest = Math.max(...values);
      const differences = values.map((value) => value - largest);
      const terms = differences.map(Math.exp);
      const sum = terms.reduce((total, term) => total + term, 0);
      // WGSL's log is good to 2^-21, that is 4 eps32, between 0.5 and 2, and to 3 ULP elsewhere.
      const ulps = sumUlps(terms, differences, sum) + Math.max(4, 3 * Math.log(sum));
      elements.forEach((element, k) => {
        data[element] = differences[k]! - Math.log(sum);
        const summed = Number.isFinite(differences[k]!) ? Math.abs(differences[k]!) + Math.log(sum) : 0;
        magnitude[element] = Math.max(summed, summed / 8 + ulps / 8);
      });
    });
    return [{ data, magnitude }];
  },
  cases,
};

export const softmaxGradientCases: OperatorCases<SoftmaxGradientAttributes, SoftmaxGradientAttributes> = {
  operator: softmaxGradient,
  reference([gy, y], { axis, log }) {
    const data = new Float64Array(y!.data.length);
    const magnitude = new Float64Array(data.length);
    eachColumn(y!, axis, (values, elements) => {
      const g = elements.map((element) => gy!.data[element]!);
      const weights = values.map((value) => (log ? 1 : value));
      const sumOf = (terms: readonly number[]) => terms.reduce((total, term, k) => total + term * weights[k]!, 0);
      const [sum, size] = [sumOf(g), Math.abs(sumOf(g.map(Math.abs)))];
      elements.forEach((element, k) => {
        const value = values[k]!;
        const factor = log ? Math.exp(value) : value;
        data[element] = log ? g[k]! - factor * sum : factor * (g[k]! - sum);
        magnitude[element] = (log ? Math.abs(g[k]!) : Math.abs(factor * g[k]!)) + Math.abs(factor) * size;
      });
    });
    return [{ data, magnitude }];
  },
  cases: [true, false].flatMap((log) => [
    gradientCase(log, "classes of an image, several workgroups", [2, 7, 13, 15], 1),
    gradientCase(log, "last axis, long", [3, 515], -1),
    gradientCase(log, "first axis", [5, 3, 4], 0),
    gradientCase(log, "thousands of classes, gradients of one sign", [7, 6625], 1, "positive"),
  ]),
};

function gradientCase(
  log: boolean,
  why: string,
  shape: Shape,
  axis: number,
  values: "uniform" | "positive" = "uniform",
): OperatorCase<SoftmaxGradientAttributes> {
  const inputs: InputSpec[] = [
    { shape, values },
    { shape, values: "positive" },
  ];
  return { why: `${log ? "log, " : ""}${why}`, inputs, given: { axis, log } };
}
