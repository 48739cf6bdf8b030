import type { Activation, UnaryFunction } from "../../../shaders/wgsl/functions.ts";
import * as activations from "../../../src/ops/elementwise/activations.ts";
import * as unary from "../../../src/ops/elementwise/unary.ts";
import type { Operator } from "../../../src/ops/operator.ts";
import { functionReference } from "../../support/functions.ts";
import type { InputSpec, OperatorCase, OperatorCases } from "../../support/operator-cases.ts";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

const shapes: readonly OperatorCase<object>[] = [
  { why: "scalar", inputs: [[]], given: {} },
  { why: "one element", inputs: [[1]], given: {} },
  { why: "vector, leftover of 4", inputs: [[19]], given: {} },
  { why: "vectors of 4 fit", inputs: [[2, 3, 4, 5]], given: {} },
  { why: "batch 1, vectors of 4 fit", inputs: [[1, 3, 4, 5]], given: {} },
  { why: "odd sizes, batch 3, several workgroups", inputs: [[3, 5, 13, 17]], given: {} },
  { why: "volume", inputs: [[2, 3, 4, 7, 5]], given: {} },
];

const special = values("NaN, infinities, large values", [nan, inf, -inf, 0, 1e30, -1e30, 200, -200]);
const range = atCorners(values("from -10 to 10", steps(161, -10, 0.125)));
const between = values("from -10 to 10, between corners", steps(161, -9.97, 0.125));
const small = atCorners(
  values(
    "from 1e-6 up to 1, either sign",
    steps(60, 0, 1).map((i) => (i % 2 ? -1 : 1) * 10 ** (-i / 10)),
  ),
);
const common = [...shapes, special, range, between, small];

/** There, gradients are those of `derivatives.test.ts`. */
function atCorners<G extends object>(entry: OperatorCase<G>): OperatorCase<G> {
  return { ...entry, gradient: "corners" };
}

function values(why: string, list: readonly number[], given = {}): OperatorCase<object> {
  const input: InputSpec = { shape: [list.length], values: list };
  return { why, inputs: [input], given };
}

function steps(count: number, first: number, step: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i * step);
}

function unaryCases<A extends object, G extends object>(
  operator: Operator<A, G>,
  kind: (attrs: A) => UnaryFunction,
  cases: readonly OperatorCase<G>[],
): OperatorCases<A, G> {
  return {
    operator,
    reference([x], attrs) {
      const { value, magnitude } = functionReference(kind(attrs));
      const data = x!.data.map(value);
      const bounds = data.map((y, i) => (Number.isFinite(y) ? magnitude(x!.data[i]!, y) : 0));
      return [{ data, magnitude: bounds, ...(bounds.every((bound) => bound === 0) && { exact: true }) }];
    },
    cases,
  };
}

/** An operator that fuses names its function itself. */
function fused<A extends object, G extends object>(operator: Operator<A, G>, cases: readonly OperatorCase<G>[]) {
  return unaryCases(operator, (attrs) => operator.activation!(attrs), cases);
}

/** Those that share a kernel with the ones above: one shape for each width, and the values that matter. */
const brief = [shapes[2]!, shapes[3]!, special, range, between, small];

/** Of every function of a number that there is; one without cases does not compile. */
type CasesOf<F extends UnaryFunction> = { readonly [K in Exclude<F["kind"], "none">]: OperatorCases };

export const activationCases: CasesOf<Activation> = {
  relu: fused(activations.relu, common),
  "leaky-relu": fused(activations.leakyRelu, [
    ...common,
    { why: "negative slope", inputs: [[5, 7]], given: { slope: -0.3 } },
  ]),
  sigmoid: fused(activations.sigmoid, common),
  tanh: fused(activations.tanh, brief),
  silu: fused(activations.silu, brief),
  "hard-swish": fused(activations.hardSwish, brief),
  elu: fused(activations.elu, [...brief, { why: "alpha 0.3", inputs: [[5, 7]], given: { alpha: 0.3 } }]),
  "hard-sigmoid": fused(activations.hardSigmoid, [
    ...brief,
    atCorners(values("as ONNX has it", steps(33, -4, 0.25), { alpha: 0.2, beta: 0.5 })),
    values("as ONNX has it, between corners", steps(33, -3.9, 0.25), { alpha: 0.2, beta: 0.5 }),
  ]),
  gelu: fused(activations.gelu, brief),
  "gelu-tanh": fused(
    activations.gelu,
    brief.map((entry) => ({ ...entry, why: `tanh, ${entry.why}`, given: { approximate: "tanh" as const } })),
  ),
  clip: fused(activations.clip, [
    ...brief,
    atCorners(values("ReLU6", steps(65, -8, 0.25), { min: 0, max: 6 })),
    values("ReLU6, between corners", steps(65, -7.9, 0.25), { min: 0, max: 6 }),
    values("NaN stays", [nan, 1, inf, -inf], { min: -2, max: 0.5 }),
    values("a lower limit alone", steps(17, -4, 0.5), { min: -1.25 }),
    values("an upper limit alone", steps(17, -4, 0.5), { max: 1.25 }),
    values("min above max: max", steps(17, -4, 0.5), { min: 2, max: 1 }),
  ]),
};

const positive: readonly OperatorCase<object>[] = [
  ...[
    ...brief,
    values(
      "positive, ten orders of magnitude",
      steps(100, 0, 1).map((i) => 10 ** (i / 10 - 5)),
    ),
  ].map((entry) => ({ ...entry, gradient: "too steep near 0, or no real numbers below it" })),
  { why: "positive, vectors of 4 fit", inputs: [{ shape: [3, 4, 8], values: "positive" }], given: {} },
  values("from 0.5 to 20", steps(40, 0.5, 0.5)),
];

function plainCases(operator: Operator, f: UnaryFunction, cases: readonly OperatorCase<object>[]) {
  return unaryCases(operator, () => f, cases);
}

export const functionCases: CasesOf<Exclude<UnaryFunction, Activation>> = {
  exp: plainCases(unary.exp, { kind: "exp" }, brief),
  log: plainCases(unary.log, { kind: "log" }, [...positive, values("near 1", steps(65, 0.5, 1 / 64))]),
  sqrt: plainCases(unary.sqrt, { kind: "sqrt" }, positive),
  reciprocal: plainCases(unary.reciprocal, { kind: "reciprocal" }, positive),
  abs: plainCases(unary.abs, { kind: "abs" }, brief),
  neg: plainCases(unary.neg, { kind: "neg" }, brief),
  floor: plainCases(unary.floor, { kind: "floor" }, brief),
  ceil: plainCases(unary.ceil, { kind: "ceil" }, brief),
  round: plainCases(unary.round, { kind: "round" }, [
    ...brief,
    atCorners(values("halves go to the even side", steps(41, -10, 0.5))),
  ]),
  sign: plainCases(unary.sign, { kind: "sign" }, brief),
  erf: plainCases(unary.erf, { kind: "erf" }, brief),
  softplus: plainCases(unary.softplus, { kind: "softplus" }, brief),
};

const gradients: readonly { f: UnaryFunction; of(g: number, v: number): number }[] = [
  { f: { kind: "relu" }, of: (g, y) => (y > 0 ? g : 0) },
  { f: { kind: "clip", min: -0.5, max: 0.25 }, of: (g, x) => (x >= -0.5 && x <= 0.25 ? g : 0) },
  { f: { kind: "tanh" }, of: (g, y) => g - g * y * y },
  { f: { kind: "sigmoid" }, of: (g, y) => g * y * (1 - y) },
  { f: { kind: "leaky-relu", slope: 0.01 }, of: (g, x) => (x < 0 ? 0.01 * g : g) },
  { f: { kind: "hard-swish" }, of: (g, x) => (Math.abs(x) < 3 ? (g * (2 * x + 3)) / 6 : x < 0 ? 0 : g) },
  { f: { kind: "silu" }, of: (g, x) => (g * (1 + x / (1 + Math.exp(x)))) / (1 + Math.exp(-x)) },
];

/** The kernel that all of them share, on f16 too; the formulas are checked with their operators. */
interface OfFunction {
  readonly function: UnaryFunction;
}

export const unaryGradientCases: OperatorCases<OfFunction, OfFunction> = {
  operator: unary.unaryGradient,
  reference([gy, v], { function: f }) {
    const { of } = gradients.find((entry) => entry.f.kind === f.kind)!;
    return [{ data: gy!.data.map((g, i) => of(g, v!.data[i]!)), magnitude: gy!.data.map((g) => 2 * Math.abs(g)) }];
  },
  cases: gradients.flatMap(({ f }) =>
    [
      [2, 3, 5, 7],
      [3, 4, 8],
    ].map((shape) => ({ why: `${f.kind}, [${shape.join()}]`, inputs: [shape, shape], given: { function: f } })),
  ),
};
