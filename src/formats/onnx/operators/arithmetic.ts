// Elementwise arithmetic, comparisons and logic: on the GPU, and on known tensors everything that shapes are calculated with.

import type { Value } from "../../../graph/ir/graph.ts";
import { add, div, maximum, minimum, mul, pow, sub } from "../../../ops/elementwise/arithmetic.ts";
import {
  equal,
  greater,
  greaterOrEqual,
  less,
  lessOrEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
} from "../../../ops/elementwise/masks.ts";
import { reciprocal, sqrt } from "../../../ops/elementwise/unary.ts";
import { reshape } from "../../../ops/move/reshape.ts";
import type { Operator } from "../../../ops/operator.ts";
import { shapesEqual } from "../../../tensor.ts";
import { type ElementType, isFloat, isWideInteger } from "../element-type.ts";
import { hostTensor } from "../host-tensor.ts";
import type { NodeContext } from "../node-context.ts";
import { computed } from "../operand.ts";
import { ensure } from "../unsupported.ts";
import { elementwise } from "./elementwise.ts";
import type { OnnxOperator, OperatorTable } from "./operator.ts";
import { step } from "./window.ts";

/** Broadcasting as NumPy's came with operator set 7. */
const broadcastSince = 7;

interface BinaryRecord {
  readonly operator: Operator;
  readonly host: (a: number, b: number, type: ElementType) => number;
  /** An input as the operator takes it. */
  readonly input: (node: NodeContext, index: number) => Value;
  /** Default: that of the first input. */
  readonly result?: ElementType;
}

const binary = ({ operator, host, input, result }: BinaryRecord): OnnxOperator => ({
  build(node) {
    node.ignore("consumed_inputs");
    const first = node.operand(0);
    const type = result ?? first.type;
    const all = node.opset < broadcastSince ? undefined : node.allKnown();
    if (all) return elementwise(node, all, (a, b) => host(a!, b!, first.type), type);
    const a = input(node, 0);
    const b = node.opset < broadcastSince ? aligned(node, input(node, 1)) : input(node, 1);
    return computed(type, node.apply(operator, [a, b], {}));
  },
});

/** Before, the axes of the second input stood at `axis` of the first, by default at the last ones. */
function aligned(node: NodeContext, second: Value): Value {
  const first = node.operand(0).shape;
  const own = second.type.shape;
  const axis = node.int("axis", first.length - own.length);
  if (node.int("broadcast", 0) === 0) ensure(shapesEqual(first, own), "shapes differ, expected broadcast = 1");
  const behind = first.length - axis - own.length;
  ensure(axis >= 0 && behind >= 0, `axis is ${axis}`);
  if (behind === 0) return second;
  const shape = [...own, ...first.slice(axis + own.length).map(() => 1)];
  return node.apply(reshape, [second], { shape }, { part: "aligned" });
}

const number = (node: NodeContext, index: number): Value => node.number(index);
const any = (node: NodeContext, index: number): Value => node.anyValue(index);

function mask(node: NodeContext, index: number): Value {
  const { type } = node.operand(index);
  ensure(type === "bool", `input ${index} is ${type}, expected bool`);
  return node.anyValue(index);
}

const calculate = (operator: Operator, host: BinaryRecord["host"]) => binary({ operator, host, input: number });

const compare = (operator: Operator, holds: (a: number, b: number) => boolean) =>
  binary({ operator, host: (a, b) => bool(holds(a, b)), input: any, result: "bool" });

const logic = (operator: Operator, holds: (a: boolean, b: boolean) => boolean) =>
  binary({ operator, host: (a, b) => bool(holds(a !== 0, b !== 0)), input: mask, result: "bool" });

const bool = (value: boolean): number => (value ? 1 : 0);

/** Integers divide towards zero; by zero nothing is defined, and nothing is computed with it. */
function quotient(a: number, b: number, type: ElementType): number {
  return isFloat(type) ? a / b : Math.trunc(a / b);
}

/** Any number of inputs, from the first on. */
const variadic = (
  operator: Operator,
  {
    host,
    input,
    divided = false,
  }: {
    readonly host: (a: number, b: number) => number;
    readonly input: (node: NodeContext, index: number) => Value;
    /** Whether the result is divided by the number of inputs. */
    readonly divided?: boolean;
  },
): OnnxOperator => ({
  build(node) {
    node.ignore("consumed_inputs");
    const count = node.inputs.length;
    const all = node.allKnown();
    if (all) {
      return elementwise(node, all, (...values) => values.reduce(host) / (divided ? count : 1));
    }
    if (count === 1) return node.operand(0);
    let total = input(node, 0);
    for (let i = 1; i < count; i++) {
      const isLast = i === count - 1 && !divided;
      total = node.apply(operator, [total, input(node, i)], {}, step(isLast ? undefined : `part${i}`));
    }
    if (divided) total = node.apply(div, [total, node.scalar("count", count)], {});
    return node.result(total);
  },
});

/** Powers that are more exact, or faster, by other operators. */
const simplePowers: Readonly<Record<string, (node: NodeContext, x: Value) => Value>> = {
  "-1": (node, x) => node.apply(reciprocal, [x], {}),
  "-0.5": (node, x) => node.apply(reciprocal, [node.apply(sqrt, [x], {}, { part: "sqrt" })], {}),
  "0.5": (node, x) => node.apply(sqrt, [x], {}),
  "2": (node, x) => node.apply(mul, [x, x], {}),
  "3": (node, x) => node.apply(mul, [node.apply(mul, [x, x], {}, { part: "square" }), x], {}),
};

const power: OnnxOperator = {
  build(node) {
    const all = node.opset < broadcastSince ? undefined : node.allKnown();
    if (all) return elementwise(node, all, (a, b) => a! ** b!);
    const known = node.optionalTensor(1);
    const [only] =
      known?.data.length === 1 && known.shape.length <= node.operand(0).shape.length ? [known.data[0]!] : [];
    if (node.opset < broadcastSince) node.ignore("broadcast", "axis");
    if (only === 1) return node.operand(0);
    const x = node.value(0);
    const simple = only === undefined ? undefined : simplePowers[String(only)];
    if (simple) return node.result(simple(node, x));
    // The exponent may be of any type.
    const exponent = known
      ? node.constant("exponent", hostTensor("f32", known.shape, Array.from(known.data)))
      : node.value(1);
    const b = node.opset < broadcastSince && only === undefined ? aligned(node, exponent) : exponent;
    return node.result(node.apply(pow, [x, b], {}));
  },
};

/** The sign of the divisor as in Python, that of the dividend with `fmod`. */
const modulo: OnnxOperator = {
  build(node) {
    const isC = node.int("fmod", 0) !== 0;
    const all = node.allKnown();
    if (all) return elementwise(node, all, (a, b) => (isC ? a! % b! : a! - b! * Math.floor(a! / b!)));
    const { type } = node.operand(0);
    ensure(isWideInteger(type), `of ${type} it is computed on constants only, expected i32 or i64`);
    const [a, b] = [node.anyValue(0), node.anyValue(1)];
    if (isC) return node.result(remainder(node, { a, b }, undefined));
    const rest = remainder(node, { a, b }, "rest");
    const shifted = node.apply(add, [rest, b], {}, { part: "shifted" });
    return node.result(remainder(node, { a: shifted, b }, undefined));
  },
};

/** a - b * (a / b), of integers. */
export function remainder(
  node: NodeContext,
  { a, b }: { readonly a: Value; readonly b: Value },
  part: string | undefined,
): Value {
  const own = part ?? "last";
  const times = node.apply(div, [a, b], {}, { part: `${own}.times` });
  const whole = node.apply(mul, [times, b], {}, { part: `${own}.whole` });
  return node.apply(sub, [a, whole], {}, step(part));
}

const not: OnnxOperator = {
  build(node) {
    const all = node.allKnown();
    if (all) return elementwise(node, all, (value) => bool(value === 0));
    return node.result(node.apply(logicalNot, [mask(node, 0)], {}));
  },
};

export const arithmetic: OperatorTable = {
  Add: calculate(add, (a, b) => a + b),
  Sub: calculate(sub, (a, b) => a - b),
  Mul: calculate(mul, (a, b) => a * b),
  Div: calculate(div, quotient),
  Sum: variadic(add, { host: (a, b) => a + b, input: (node, index) => node.value(index) }),
  Mean: variadic(add, { host: (a, b) => a + b, input: (node, index) => node.value(index), divided: true }),
  Min: variadic(minimum, { host: (a, b) => Math.min(a, b), input: any }),
  Max: variadic(maximum, { host: (a, b) => Math.max(a, b), input: any }),
  Pow: power,
  Mod: modulo,
  Not: not,
  And: logic(logicalAnd, (a, b) => a && b),
  Or: logic(logicalOr, (a, b) => a || b),
  Xor: logic(logicalXor, (a, b) => a !== b),
  Equal: compare(equal, (a, b) => a === b),
  Less: compare(less, (a, b) => a < b),
  LessOrEqual: compare(lessOrEqual, (a, b) => a <= b),
  Greater: compare(greater, (a, b) => a > b),
  GreaterOrEqual: compare(greaterOrEqual, (a, b) => a >= b),
};
