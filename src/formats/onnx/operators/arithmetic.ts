// Elementwise arithmetic: on the GPU what it computes, on known tensors everything that shapes are calculated with.

import type { Value } from "../../../graph/graph.ts";
import { relu } from "../../../ops/activations.ts";
import { add, div, mul, sub } from "../../../ops/arithmetic.ts";
import type { Operator } from "../../../ops/operator.ts";
import { reshape } from "../../../ops/reshape.ts";
import { shapesEqual } from "../../../tensor.ts";
import { type ElementType, isFloat } from "../element-type.ts";
import type { NodeContext } from "../node-context.ts";
import { ensure } from "../unsupported.ts";
import { elementwise } from "./elementwise.ts";
import type { OnnxOperator, OperatorTable } from "./operator.ts";

/** Broadcasting as NumPy's came with operator set 7. */
const broadcastSince = 7;

/** A binary operator that the GPU has. */
const binary = (operator: Operator, compute: (a: number, b: number, type: ElementType) => number): OnnxOperator => ({
  build(node) {
    node.ignore("consumed_inputs");
    const all = node.allKnown();
    const type = node.operand(0).type;
    if (node.opset < broadcastSince) return node.result(node.apply(operator, [node.value(0), alignedSecond(node)], {}));
    if (all) return elementwise(node, all, (a, b) => compute(a!, b!, type));
    return node.result(node.apply(operator, [node.value(0), node.value(1)], {}));
  },
});

/** Before, the axes of the second input stood at `axis` of the first, by default at the last ones. */
function alignedSecond(node: NodeContext): Value {
  const [first, second] = [node.operand(0).shape, node.value(1)];
  const own = second.type.shape;
  const axis = node.int("axis", first.length - own.length);
  if (node.int("broadcast", 0) === 0) ensure(shapesEqual(first, own), "shapes differ, expected broadcast = 1");
  const behind = first.length - axis - own.length;
  ensure(axis >= 0 && behind >= 0, `axis is ${axis}`);
  if (behind === 0) return second;
  return node.apply(
    reshape,
    [second],
    { shape: [...own, ...first.slice(axis + own.length).map(() => 1)] },
    { part: "aligned" },
  );
}

/** What is computed on known tensors alone. */
const onHost = (
  compute: (values: readonly number[], type: ElementType) => number,
  { result, since = 1 }: { readonly result?: ElementType; readonly since?: number } = {},
): OnnxOperator => ({
  since,
  build(node) {
    const all = node.allKnown();
    ensure(all !== undefined, "it is computed on constants only");
    return elementwise(node, all, (...values) => compute(values, all[0]!.type), result ?? all[0]!.type);
  },
});

/** A unary operator made of others. */
const unary = (compute: (value: number) => number, apply: (node: NodeContext, x: Value) => Value): OnnxOperator => ({
  build(node) {
    node.ignore("consumed_inputs");
    const all = node.allKnown();
    return all ? elementwise(node, all, (value) => compute(value!)) : node.result(apply(node, node.value(0)));
  },
});

/** A sum of any number of inputs, from the first on. */
const sum: OnnxOperator = {
  since: 6,
  build(node) {
    const all = node.allKnown();
    if (all) return elementwise(node, all, (...values) => values.reduce((a, b) => a + b));
    const last = node.inputs.length - 1;
    let total = node.value(0);
    for (let i = 1; i <= last; i++) {
      total = node.apply(add, [total, node.value(i)], {}, i === last ? {} : { part: `sum${i}` });
    }
    return node.result(total);
  },
};

const mean: OnnxOperator = {
  since: 6,
  build(node) {
    let total = node.value(0);
    for (let i = 1; i < node.inputs.length; i++) {
      total = node.apply(add, [total, node.value(i)], {}, { part: `sum${i}` });
    }
    return node.result(node.apply(div, [total, node.scalar("count", node.inputs.length)], {}));
  },
};

const power: OnnxOperator = {
  since: 7,
  build(node) {
    const all = node.allKnown();
    if (all) return elementwise(node, all, (a, b) => a! ** b!);
    const exponent = node.known(1, "exponent");
    ensure(exponent.data.length === 1, `exponent has ${exponent.data.length} elements, expected one`);
    const x = node.value(0);
    if (exponent.data[0] === 1) return node.operand(0);
    ensure(exponent.data[0] === 2, `exponent is ${exponent.data[0]}, expected 1 or 2`);
    return node.result(node.apply(mul, [x, x], {}));
  },
};

const minus = (node: NodeContext, x: Value, part?: string): Value =>
  node.apply(mul, [x, node.scalar("minus", -1)], {}, part === undefined ? {} : { part });

/** relu(x) + relu(-x). */
function absolute(node: NodeContext, x: Value): Value {
  const above = node.apply(relu, [x], {}, { part: "above" });
  const below = node.apply(relu, [minus(node, x, "negated")], {}, { part: "below" });
  return node.apply(add, [above, below], {});
}

/** Integers divide towards zero; by zero nothing is defined, and nothing is computed with it. */
function quotient(a: number, b: number, type: ElementType): number {
  return isFloat(type) ? a / b : Math.trunc(a / b);
}

/** The sign of the divisor as in Python, that of the dividend with `fmod`. */
const modulo: OnnxOperator = {
  since: 10,
  build(node) {
    const isC = node.int("fmod", 0) !== 0;
    const all = node.allKnown();
    ensure(all !== undefined, "it is computed on constants only");
    return elementwise(node, all, (a, b) => (isC ? a! % b! : a! - b! * Math.floor(a! / b!)));
  },
};

/** Half to even. */
function round(value: number): number {
  const nearest = Math.round(value);
  return Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : nearest;
}

const truth = { result: "bool", since: broadcastSince } as const;
const bool = (value: boolean): number => (value ? 1 : 0);

export const arithmetic: OperatorTable = {
  Add: binary(add, (a, b) => a + b),
  Sub: binary(sub, (a, b) => a - b),
  Mul: binary(mul, (a, b) => a * b),
  Div: binary(div, quotient),
  Sum: sum,
  Mean: mean,
  Pow: power,
  Neg: unary((value) => -value, minus),
  Abs: unary(Math.abs, absolute),
  Reciprocal: unary(
    (value) => 1 / value,
    (node, x) => node.apply(div, [node.scalar("one", 1), x], {}),
  ),
  Sqrt: onHost(([value]) => Math.sqrt(value!)),
  Floor: onHost(([value]) => Math.floor(value!)),
  Ceil: onHost(([value]) => Math.ceil(value!)),
  Round: onHost(([value]) => round(value!)),
  Sign: onHost(([value]) => Math.sign(value!)),
  Exp: onHost(([value]) => Math.exp(value!)),
  Log: onHost(([value]) => Math.log(value!)),
  Min: onHost((values) => Math.min(...values)),
  Max: onHost((values) => Math.max(...values)),
  Mod: modulo,
  Not: onHost(([value]) => bool(value === 0)),
  And: onHost(([a, b]) => bool(a !== 0 && b !== 0), { since: broadcastSince }),
  Or: onHost(([a, b]) => bool(a !== 0 || b !== 0), { since: broadcastSince }),
  Xor: onHost(([a, b]) => bool((a !== 0) !== (b !== 0)), { since: broadcastSince }),
  Equal: onHost(([a, b]) => bool(a === b), truth),
  Less: onHost(([a, b]) => bool(a! < b!), truth),
  LessOrEqual: onHost(([a, b]) => bool(a! <= b!), truth),
  Greater: onHost(([a, b]) => bool(a! > b!), truth),
  GreaterOrEqual: onHost(([a, b]) => bool(a! >= b!), truth),
};
