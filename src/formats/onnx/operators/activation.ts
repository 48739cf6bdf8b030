// Activations, and those that are made of others.
// Sources: https://onnx.ai/onnx/operators/onnx__Clip.html and the pages of the others.

import type { Value } from "../../../graph/graph.ts";
import { leakyRelu, relu, sigmoid } from "../../../ops/activations.ts";
import { add, mul, sub } from "../../../ops/arithmetic.ts";
import { reshape } from "../../../ops/reshape.ts";
import type { NodeContext } from "../node-context.ts";
import { ensure } from "../unsupported.ts";
import { clampAbove, clampBelow } from "./clamp.ts";
import { elementwise } from "./elementwise.ts";
import type { OnnxOperator, OperatorTable } from "./operator.ts";

const clip: OnnxOperator = {
  build(node) {
    const [low, high] = clipBounds(node);
    const all = node.allKnown();
    if (all) return elementwise(node, [all[0]!], (value) => Math.min(Math.max(value, low), high));
    const x = node.value(0);
    const isBounded = high < Number.POSITIVE_INFINITY;
    const raised = low > Number.NEGATIVE_INFINITY ? clampBelow(node, x, low, isBounded ? "low" : undefined) : x;
    return node.result(isBounded ? clampAbove(node, raised, high, undefined) : raised);
  },
};

/** Attributes until operator set 10, inputs since; the largest float stands for no bound. */
function clipBounds(node: NodeContext): [low: number, high: number] {
  const largest = 3.4028234663852886e38;
  const bound = (index: number, name: string, absent: number): number => {
    const given = node.opset < 11 ? node.float(name, absent) : (node.optionalKnown(index, name)?.data[0] ?? absent);
    return Math.abs(given) >= largest ? absent : given;
  };
  return [bound(1, "min", Number.NEGATIVE_INFINITY), bound(2, "max", Number.POSITIVE_INFINITY)];
}

/** max(0, min(1, alpha * x + beta)). */
function hardSigmoid(node: NodeContext, alpha: number, beta: number, part: string | undefined): Value {
  const scaled = node.apply(mul, [node.value(0), node.scalar("alpha", alpha)], {}, { part: "scaled" });
  const shifted = node.apply(add, [scaled, node.scalar("beta", beta)], {}, { part: "shifted" });
  return clampAbove(node, clampBelow(node, shifted, 0, "low"), 1, part);
}

/** relu(x) - slope * relu(-x), exactly x or slope * x. */
const prelu: OnnxOperator = {
  build(node) {
    const x = node.value(0);
    let slope = node.value(1);
    const [channels] = slope.type.shape;
    // Until operator set 6 one number, or one per channel.
    if (node.opset < 7 && channels !== undefined && channels > 1) {
      const behind = x.type.shape.slice(2).map(() => 1);
      slope = node.apply(reshape, [slope], { shape: [channels, ...behind] }, { part: "slope" });
    }
    const rank = x.type.shape.length;
    ensure(slope.type.shape.length <= rank, `slope has ${slope.type.shape.length} axes, expected at most ${rank}`);
    const negated = node.apply(mul, [x, node.scalar("minus", -1)], {}, { part: "negated" });
    const below = node.apply(relu, [negated], {}, { part: "below" });
    slope = node.apply(mul, [below, slope], {}, { part: "scaled" });
    const above = node.apply(relu, [x], {}, { part: "above" });
    return node.result(node.apply(sub, [above, slope], {}));
  },
};

export const activation: OperatorTable = {
  Relu: {
    build(node) {
      const all = node.allKnown();
      if (all) return elementwise(node, all, (value) => Math.max(value, 0));
      return node.result(node.apply(relu, [node.value(0)], {}));
    },
  },
  LeakyRelu: {
    build: (node) => node.result(node.apply(leakyRelu, [node.value(0)], { slope: node.float("alpha", 0.01) })),
  },
  Sigmoid: { build: (node) => node.result(node.apply(sigmoid, [node.value(0)], {})) },
  Clip: clip,
  PRelu: prelu,
  HardSigmoid: {
    build: (node) => node.result(hardSigmoid(node, node.float("alpha", 0.2), node.float("beta", 0.5), undefined)),
  },
  HardSwish: {
    build: (node) => node.result(node.apply(mul, [node.value(0), hardSigmoid(node, 1 / 6, 0.5, "gate")], {})),
  },
};
