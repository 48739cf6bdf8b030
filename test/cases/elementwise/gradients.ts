// The kernels that gradients of elementwise operators are made of, on f16 too; differences check them with their operators.
import { extremeGradient, powGradient } from "../../../src/ops/elementwise/arithmetic-gradients.ts";
import { preluGradient } from "../../../src/ops/elementwise/prelu.ts";
import type { Operator } from "../../../src/ops/operator.ts";
import { logSumExpGradient } from "../../../src/ops/reduce/reductions.ts";
import { elementwiseCases, type Result, rounded } from "../../support/broadcast-cases.ts";
import type { InputSpec, OperatorCase } from "../../support/operator-cases.ts";

type Formula = (g: number, a: number, b: number) => Result;

function suite(operator: Operator, given: object, formula: Formula, values: InputSpec["values"] = "uniform") {
  const of = Object.values(given).join();
  const inputs = (...shapes: readonly (readonly number[])[]) => shapes.map((shape) => ({ shape, values }));
  const tied = [
    [2, 3, 5, 7],
    [1, 1, 2, 1],
    [1, 2, 1, 1],
  ].map((list) => ({ shape: [4], values: list }));
  const cases: readonly OperatorCase<object>[] = [
    { why: `${of} leftover of 4, two repeat`, inputs: inputs([2, 3, 5, 7], [3, 1, 1], [7]), given },
    { why: `${of} vectors of 4 fit`, inputs: inputs([3, 4, 8], [3, 4, 8], [3, 4, 8]), given },
    { why: `${of} ties`, inputs: tied, given },
  ];
  return elementwiseCases(operator, cases, formula);
}

const half = (g: number, isEqual: boolean, wins: boolean): Result => ({ value: isEqual ? g / 2 : wins ? g : 0 });

/** In the errors of WGSL's pow and log, for bases and exponents from 0.5 to 2. */
const power = (value: number): Result => rounded(value, 4 * Math.abs(value) + 1);

export const elementwiseGradientCases = [
  suite(extremeGradient, { of: "maximum" }, (g, a, b) => half(g, a === b, a > b)),
  suite(extremeGradient, { of: "minimum" }, (g, a, b) => half(g, a === b, a < b)),
  suite(powGradient, { of: "base" }, (g, a, b) => power(g * b * a ** (b - 1)), "positive"),
  suite(powGradient, { of: "exponent" }, (g, a, b) => power(g * a ** b * Math.log(a)), "positive"),
  suite(preluGradient, { of: "x" }, (g, x, slope) => rounded(x > 0 ? g : g * slope)),
  suite(preluGradient, { of: "slope" }, (g, x) => rounded(x > 0 ? 0 : g * x)),
  suite(logSumExpGradient, {}, (g, x, y) => rounded(g * Math.exp(x - y))),
];
