// Activations, and functions of one number.
// Sources: https://onnx.ai/onnx/operators/onnx__Clip.html and the pages of the others.

import type { Value } from "../../../graph/ir/graph.ts";
import {
  clip,
  elu,
  gelu,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  relu,
  sigmoid,
  silu,
  tanh,
} from "../../../ops/elementwise/activations.ts";
import { add, div, maximum, minimum, mul, sub } from "../../../ops/elementwise/arithmetic.ts";
import { greater, less, where } from "../../../ops/elementwise/masks.ts";
import { prelu } from "../../../ops/elementwise/prelu.ts";
import {
  abs,
  ceil,
  erf,
  exp,
  floor,
  log,
  neg,
  reciprocal,
  round,
  sign,
  softplus,
  sqrt,
} from "../../../ops/elementwise/unary.ts";
import { reshape } from "../../../ops/move/reshape.ts";
import type { Operator } from "../../../ops/operator.ts";
import { roundHalfEven } from "../../../round.ts";
import { isComputable } from "../element-type.ts";
import type { NodeContext } from "../node-context.ts";
import { ensure } from "../unsupported.ts";
import { elementwise } from "./elementwise.ts";
import type { OnnxOperator, OperatorTable } from "./operator.ts";
import { step } from "./window.ts";

/** A function of one float that the GPU has; `host` computes it of known tensors. */
const unary = <A extends object, G extends object>(
  operator: Operator<A, G>,
  given: (node: NodeContext) => G,
  host?: (value: number) => number,
): OnnxOperator => ({
  build(node) {
    node.ignore("consumed_inputs");
    const attributes = given(node);
    const all = host && node.allKnown();
    if (all) return elementwise(node, all, (value) => host(value!));
    return node.result(node.apply(operator, [node.value(0)], attributes));
  },
});

/** A function without attributes. */
const plain = (operator: Operator, host?: (value: number) => number) => unary(operator, () => ({}), host);

/** As {@link plain}, of integers too: `integers` says how. */
const signed = (
  operator: Operator,
  host: (value: number) => number,
  integers: (node: NodeContext, x: Value) => Value,
): OnnxOperator => ({
  build(node) {
    if (node.allKnown() || isComputable(node.operand(0).type)) return plain(operator, host).build(node);
    return node.result(integers(node, node.number(0)));
  },
});

function negated(node: NodeContext, x: Value, part?: string): Value {
  return node.apply(sub, [node.scalar("zero", 0, "i32"), x], {}, step(part));
}

const clipTo: OnnxOperator = {
  build(node) {
    node.ignore("consumed_inputs");
    const [low, high] = [clipBound(node, 1, "min"), clipBound(node, 2, "max")];
    const isKnown = low !== undefined && high !== undefined;
    const all = isKnown && node.allKnown();
    if (all) return elementwise(node, [all[0]!], (value) => Math.min(Math.max(value, low), high));
    if (isKnown && isComputable(node.operand(0).type)) {
      return node.result(node.apply(clip, [node.value(0)], { min: low, max: high }));
    }
    // Bounds that are data, or integers.
    const isGiven = (index: number) => node.opset >= 11 && node.inputs[index] !== undefined;
    const x = node.anyValue(0);
    const raised = isGiven(1)
      ? node.apply(maximum, [x, node.anyValue(1)], {}, step(isGiven(2) ? "low" : undefined))
      : x;
    return isGiven(1) || isGiven(2)
      ? node.result(isGiven(2) ? node.apply(minimum, [raised, node.anyValue(2)], {}) : raised)
      : node.operand(0);
  },
};

/**
 * Attributes until operator set 10, inputs since; infinite where there is none, undefined where it is data. The largest float
 * stands for none.
 */
function clipBound(node: NodeContext, index: 1 | 2, name: string): number | undefined {
  const absent = index === 1 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (node.opset >= 11 && node.inputs[index] === undefined) return absent;
  const given = node.opset < 11 ? node.float(name, absent) : node.optionalTensor(index)?.data[0];
  return given !== undefined && Math.abs(given) >= 3.4028234663852886e38 ? absent : given;
}

const preluOf: OnnxOperator = {
  build(node) {
    node.ignore("consumed_inputs");
    const x = node.value(0);
    let slope = node.value(1);
    const [channels] = slope.type.shape;
    // Until operator set 6 one number, or one per channel.
    if (node.opset < 7 && channels !== undefined && channels > 1) {
      const behind = x.type.shape.slice(2).map(() => 1);
      slope = node.apply(reshape, [slope], { shape: [channels, ...behind] }, { part: "slope" });
    }
    return node.result(node.apply(prelu, [x, slope], {}));
  },
};

/** gamma * elu(x). */
const selu: OnnxOperator = {
  build(node) {
    node.ignore("consumed_inputs");
    const alpha = node.float("alpha", 1.6732631921768188);
    const gamma = node.float("gamma", 1.0507010221481323);
    const y = node.apply(elu, [node.value(0)], { alpha }, { part: "elu" });
    return node.result(node.apply(mul, [y, node.scalar("gamma", gamma)], {}));
  },
};

/** alpha * elu(x / alpha). */
const celu: OnnxOperator = {
  build(node) {
    const [x, alpha] = [node.value(0), node.float("alpha", 1)];
    if (alpha === 1) return node.result(node.apply(elu, [x], {}));
    const factor = node.scalar("alpha", alpha);
    const scaled = node.apply(div, [x, factor], {}, { part: "scaled" });
    return node.result(node.apply(mul, [node.apply(elu, [scaled], {}, { part: "elu" }), factor], {}));
  },
};

/** x where it is above alpha, 0 elsewhere. */
const thresholdedRelu: OnnxOperator = {
  build(node) {
    const [x, alpha] = [node.value(0), node.scalar("alpha", node.float("alpha", 1))];
    const above = node.apply(greater, [x, alpha], {}, { part: "above" });
    return node.result(node.apply(where, [above, x, node.scalar("zero", 0)], {}));
  },
};

/** x / (1 + |x|). */
const softsign: OnnxOperator = {
  build(node) {
    const x = node.value(0);
    const magnitude = node.apply(abs, [x], {}, { part: "abs" });
    const divisor = node.apply(add, [magnitude, node.scalar("one", 1)], {}, { part: "divisor" });
    return node.result(node.apply(div, [x, divisor], {}));
  },
};

/** x * tanh(softplus(x)). */
const mish: OnnxOperator = {
  build(node) {
    const x = node.value(0);
    const soft = node.apply(softplus, [x], {}, { part: "softplus" });
    return node.result(node.apply(mul, [x, node.apply(tanh, [soft], {}, { part: "tanh" })], {}));
  },
};

/** x * sigmoid(alpha * x). */
const swish: OnnxOperator = {
  build(node) {
    const [x, alpha] = [node.value(0), node.float("alpha", 1)];
    if (alpha === 1) return node.result(node.apply(silu, [x], {}));
    const scaled = node.apply(mul, [x, node.scalar("alpha", alpha)], {}, { part: "scaled" });
    return node.result(node.apply(mul, [x, node.apply(sigmoid, [scaled], {}, { part: "gate" })], {}));
  },
};

/** x - bias above lambd, x + bias below -lambd, 0 between. */
const shrink: OnnxOperator = {
  build(node) {
    const x = node.value(0);
    const [lambd, bias] = [node.float("lambd", 0.5), node.float("bias", 0)];
    const above = node.apply(greater, [x, node.scalar("lambd", lambd)], {}, { part: "above" });
    const below = node.apply(less, [x, node.scalar("minusLambd", -lambd)], {}, { part: "below" });
    const offset = node.scalar("bias", bias);
    const lowered = node.apply(sub, [x, offset], {}, { part: "lowered" });
    const raised = node.apply(add, [x, offset], {}, { part: "raised" });
    const low = node.apply(where, [below, raised, node.scalar("zero", 0)], {}, { part: "low" });
    return node.result(node.apply(where, [above, lowered, low], {}));
  },
};

export const activation: OperatorTable = {
  Relu: plain(relu, (value) => Math.max(value, 0)),
  LeakyRelu: unary(leakyRelu, (node) => ({ slope: node.float("alpha", 0.01) })),
  PRelu: preluOf,
  ThresholdedRelu: thresholdedRelu,
  Elu: unary(elu, (node) => ({ alpha: node.float("alpha", 1) })),
  Celu: celu,
  Selu: selu,
  Sigmoid: plain(sigmoid),
  HardSigmoid: unary(hardSigmoid, (node) => ({ alpha: node.float("alpha", 0.2), beta: node.float("beta", 0.5) })),
  HardSwish: plain(hardSwish),
  Swish: swish,
  Mish: mish,
  Gelu: unary(gelu, (node) => {
    const approximate = node.string("approximate", "none");
    ensure(approximate === "none" || approximate === "tanh", `approximate is ${approximate}`);
    return approximate === "tanh" ? { approximate } : {};
  }),
  Tanh: plain(tanh),
  Softplus: plain(softplus),
  Softsign: softsign,
  Shrink: shrink,
  Clip: clipTo,
  Abs: signed(abs, Math.abs, (node, x) => node.apply(maximum, [x, negated(node, x, "negated")], {})),
  Neg: signed(
    neg,
    (value) => -value,
    (node, x) => negated(node, x),
  ),
  Reciprocal: plain(reciprocal, (value) => 1 / value),
  Sqrt: plain(sqrt, Math.sqrt),
  Floor: plain(floor, Math.floor),
  Ceil: plain(ceil, Math.ceil),
  Round: plain(round, roundHalfEven),
  Sign: plain(sign, Math.sign),
  Exp: plain(exp, Math.exp),
  Log: plain(log, Math.log),
  Erf: plain(erf),
};
