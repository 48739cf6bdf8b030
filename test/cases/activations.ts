import { type LeakyReluGiven, leakyRelu, relu, sigmoid } from "../../src/ops/activations.ts";
import type { InputSpec, OperatorCase, OperatorCases } from "../support/operator-cases.ts";

const special: InputSpec = {
  shape: [2, 4],
  values: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e30, -1e30, 200, -200],
};

const shapes: readonly OperatorCase<object>[] = [
  { why: "scalar", inputs: [[]], given: {} },
  { why: "one element", inputs: [[1]], given: {} },
  { why: "vector, leftover of 4", inputs: [[19]], given: {} },
  { why: "vectors of 4 fit", inputs: [[2, 3, 4, 5]], given: {} },
  { why: "batch 1, vectors of 4 fit", inputs: [[1, 3, 4, 5]], given: {} },
  { why: "odd sizes, batch 3, several workgroups", inputs: [[3, 5, 13, 17]], given: {} },
  { why: "volume", inputs: [[2, 3, 4, 7, 5]], given: {} },
  { why: "NaN, infinities, large values", inputs: [special], given: {} },
];

export const reluCases: OperatorCases = {
  operator: relu,
  reference([x]) {
    const data = x!.data.map((value) => Math.max(value, 0));
    return [{ data, magnitude: data, exact: true }];
  },
  cases: shapes,
};

export const leakyReluCases: OperatorCases<Required<LeakyReluGiven>, LeakyReluGiven> = {
  operator: leakyRelu,
  reference([x], { slope }) {
    const data = x!.data.map((value) => (value < 0 ? value * slope : value));
    return [{ data, magnitude: data.map(Math.abs) }];
  },
  cases: [...shapes, { why: "negative slope", inputs: [[5, 7]], given: { slope: -0.3 } }],
};

export const sigmoidCases: OperatorCases = {
  operator: sigmoid,
  reference([x]) {
    const data = x!.data.map((value) => 1 / (1 + Math.exp(-value)));
    // WGSL's exp is good to 3 + 2|x| ULP, which weighs on the result by 1 - y; sum and quotient cost 4 more.
    const ulps = (value: number, y: number) => (Number.isFinite(value) ? (3 + 2 * Math.abs(value)) * (1 - y) + 4 : 4);
    return [{ data, magnitude: data.map((y, i) => (y * Math.max(8, ulps(x!.data[i]!, y))) / 8) }];
  },
  cases: [...shapes, { why: "from -10 to 10", inputs: [{ shape: [161], values: steps(161, -10, 0.125) }], given: {} }],
};

function steps(count: number, first: number, step: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i * step);
}
