// PyTorch's elementwise operators as graphs.
import type { Value } from "../../src/graph/ir/graph.ts";
import {
  abs,
  add,
  ceil,
  clip,
  div,
  elu,
  equal,
  erf,
  exp,
  floor,
  gelu,
  greater,
  greaterOrEqual,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  less,
  lessOrEqual,
  log,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  maximum,
  minimum,
  mul,
  neg,
  type Operator,
  pow,
  prelu,
  reciprocal,
  relu,
  round,
  sigmoid,
  sign,
  silu,
  softplus,
  sqrt,
  sub,
  tanh,
  where,
} from "../../src/ops/index.ts";
import { type Call, isTensor, OutOfScope, type Translation } from "./opinfo-call.ts";

/** The threshold above which PyTorch's softplus is the identity: closer to it than 1e-8. */
const farSoftplus = 18;

export const elementwise: Readonly<Record<string, Translation>> = {
  ...unary({ abs, ceil, erf, exp, floor, log, neg, reciprocal, round, sigmoid, sign, sqrt, tanh }),
  rsqrt: of("input", (call, x) => call.apply(reciprocal, [call.apply(sqrt, [x], {})], {})),
  square: of("input", (call, x) => call.apply(mul, [x, x], {})),
  ...binary({ maximum, minimum, pow, "max.binary": maximum, "min.binary": minimum }),
  ...binary({ mul, "div.no_rounding_mode": div, true_divide: div }),
  ...binary({ eq: equal, lt: less, le: lessOrEqual, gt: greater, ge: greaterOrEqual }),
  ...binary({ __radd__: add, __rmul__: mul }),
  ...reflected({ __rsub__: sub, __rdiv__: div, __rpow__: pow }),
  ne: {
    signature: "input other",
    build: (call) => call.apply(logicalNot, [call.apply(equal, operands(call), {})], {}),
  },
  add: { signature: "input other alpha", build: (call) => call.apply(add, scaled(call, "other"), {}) },
  sub: { signature: "input other alpha", build: (call) => call.apply(sub, scaled(call, "other"), {}) },
  rsub: { signature: "input other alpha", build: (call) => call.apply(sub, scaled(call, "input").reverse(), {}) },
  clamp: { signature: "input min max", build: clamp },
  clamp_min: { signature: "input min", build: clamp },
  clamp_max: { signature: "input max", build: clamp },
  logical_not: { signature: "input", build: (call) => call.apply(logicalNot, [call.tensor("input")], {}) },
  ...Object.fromEntries(
    Object.entries({ logical_and: logicalAnd, logical_or: logicalOr, logical_xor: logicalXor }).map(
      ([name, operator]): [string, Translation] => [
        name,
        { signature: "input other", build: (call) => call.apply(operator, masks(call), {}) },
      ],
    ),
  ),
  where: {
    signature: "input condition other",
    build: (call) => call.apply(where, [call.tensor("condition"), ...operands(call)], {}),
  },
  ...activations(),
};

function activations(): Record<string, Translation> {
  const plain = { relu, silu, hardswish: hardSwish, sigmoid, tanh };
  const all: Record<string, Translation> = {
    ...Object.fromEntries(
      Object.entries(plain).map(([name, operator]) => [
        name,
        of("input inplace", (call, x) => call.apply(operator, [x], {})),
      ]),
    ),
    hardsigmoid: of("input inplace", (call, x) => call.apply(hardSigmoid, [x], {})),
    relu6: of("input inplace", (call, x) => hardTanh(call, x, 0, 6)),
    hardtanh: of("input min_val max_val inplace", (call, x) =>
      hardTanh(call, x, call.number("min_val", -1), call.number("max_val", 1)),
    ),
    leaky_relu: of("input negative_slope inplace", (call, x) =>
      call.apply(leakyRelu, [x], { slope: call.number("negative_slope", 0.01) }),
    ),
    elu: of("input alpha inplace", (call, x) => {
      refuseNaN(call);
      return call.apply(elu, [x], { alpha: call.number("alpha", 1) });
    }),
    celu: of("input alpha inplace", celu),
    gelu: of("input approximate", (call, x) => {
      const approximate = call.text("approximate", "none");
      if (approximate === "none" || approximate === "tanh") return call.apply(gelu, [x], { approximate });
      throw new OutOfScope(`approximate=${approximate}`);
    }),
    softplus: of("input beta threshold", softPlus),
    prelu: of("input weight", (call, x) => {
      const weight = call.tensor("weight");
      const ones = x.type.shape.slice(2).map(() => 1);
      const perChannel = weight.type.shape.length === 1 && x.type.shape.length > 1;
      const slope = perChannel ? call.reshape(weight, [...weight.type.shape, ...ones]) : weight;
      // One number for a scalar.
      return call.apply(prelu, [x, x.type.shape.length === 0 ? call.reshape(slope, []) : slope], {});
    }),
  };
  return Object.fromEntries(Object.entries(all).map(([name, translation]) => [`nn.functional.${name}`, translation]));
}

function refuseNaN(call: Call): void {
  const hasNaN = call.elements("input").some(Number.isNaN);
  if (hasNaN) call.refuseGradient("at NaN, where PyTorch's elu passes the gradient or NaN by the tensor's size");
}

/** max(0, x) + min(0, alpha * (exp(x / alpha) - 1)): for alpha > 0 that is alpha * elu(x / alpha). */
function celu(call: Call, x: Value): Value {
  refuseNaN(call);
  const alpha = call.number("alpha", 1);
  const inner = call.apply(elu, [call.apply(div, [x, call.scalar(alpha)], {})], {});
  return call.apply(mul, [inner, call.scalar(alpha)], {});
}

function softPlus(call: Call, x: Value): Value {
  const [beta, threshold] = [call.number("beta", 1), call.number("threshold", 20)];
  const product = call.apply(mul, [x, call.scalar(beta)], {});
  const y = call.apply(div, [call.apply(softplus, [product], {}), call.scalar(beta)], {});
  if (threshold >= farSoftplus) return y;
  return call.apply(where, [call.apply(greater, [product, call.scalar(threshold)], {}), x, y], {});
}

/** PyTorch's clamp passes a gradient at its limits and none at NaN; its hardtanh does neither. */
function hardTanh(call: Call, x: Value, min: number, max: number): Value {
  const isApart = call.elements("input").every((value) => value !== min && value !== max && !Number.isNaN(value));
  if (!isApart) call.refuseGradient("at a limit or at NaN, where hardtanh differs from clamp");
  return call.apply(clip, [x], { min, max });
}

/** PyTorch's clamp passes all of the gradient where a limit is reached, and none at NaN; maximum halves ties. */
function refuseTies(call: Call): void {
  const elements = (name: string) => (isTensor(call.get(name)) ? call.elements(name) : []);
  const limits = new Set([...elements("min"), ...elements("max")]);
  const isTied = elements("input").some((value) => limits.has(value) || Number.isNaN(value)) || limits.has(Number.NaN);
  if (isTied) call.refuseGradient("at a tensor's limit or at NaN, where clamp differs from maximum and minimum");
}

function clamp(call: Call): Value {
  const [low, high] = [call.get("min"), call.get("max")];
  const isNumber = (limit: unknown) => limit === null || typeof limit === "number";
  const x = call.operand("input");
  if (isNumber(low) && isNumber(high)) {
    return call.apply(clip, [x], {
      ...(low !== null && { min: call.number("min") }),
      ...(high !== null && { max: call.number("max") }),
    });
  }
  refuseTies(call);
  const raised = low === null ? x : call.apply(maximum, [x, call.operand("min")], {});
  return high === null ? raised : call.apply(minimum, [raised, call.operand("max")], {});
}

/** Both operands, the named one times alpha. */
function scaled(call: Call, name: "input" | "other"): Value[] {
  const [input, other] = operands(call);
  const alpha = call.number("alpha", 1);
  const times = (x: Value) => (alpha === 1 ? x : call.apply(mul, [x, call.scalar(alpha)], {}));
  return name === "input" ? [times(input), other] : [input, times(other)];
}

function operands(call: Call): [Value, Value] {
  return [call.operand("input"), call.operand("other")];
}

function masks(call: Call): Value[] {
  return [call.tensor("input"), call.tensor("other")];
}

function of(signature: string, build: (call: Call, x: Value) => Value): Translation {
  return {
    signature,
    build(call) {
      call.ignore("inplace");
      return build(call, call.operand("input"));
    },
  };
}

function unary(operators: Readonly<Record<string, Operator>>): Record<string, Translation> {
  return Object.fromEntries(
    Object.entries(operators).map(([name, operator]) => [
      name,
      of("input", (call, x) => call.apply(operator, [x], {})),
    ]),
  );
}

function binary(operators: Readonly<Record<string, Operator>>): Record<string, Translation> {
  return Object.fromEntries(
    Object.entries(operators).map(([name, operator]) => [
      name,
      { signature: "input other", build: (call: Call) => call.apply(operator, operands(call), {}) },
    ]),
  );
}

function reflected(operators: Readonly<Record<string, Operator>>): Record<string, Translation> {
  return Object.fromEntries(
    Object.entries(operators).map(([name, operator]) => [
      name,
      { signature: "input other", build: (call: Call) => call.apply(operator, operands(call).reverse(), {}) },
    ]),
  );
}
