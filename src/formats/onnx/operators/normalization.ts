// Normalization by given statistics, by those of the data itself, and softmax.

import type { Value } from "../../../graph/ir/graph.ts";
import { add, div, mul, pow, sub } from "../../../ops/elementwise/arithmetic.ts";
import { equal, where } from "../../../ops/elementwise/masks.ts";
import { abs, reciprocal, sqrt } from "../../../ops/elementwise/unary.ts";
import { reshape } from "../../../ops/move/reshape.ts";
import { batchNorm } from "../../../ops/norm/batch-norm.ts";
import { groupNorm, instanceNorm, layerNorm } from "../../../ops/norm/normalization.ts";
import { logSoftmax, softmax } from "../../../ops/norm/softmax.ts";
import { averagePool2d } from "../../../ops/pool/average-pool.ts";
import { l2Norm, mean } from "../../../ops/reduce/reductions.ts";
import { expand, sum } from "../../../ops/reduce/sum-expand.ts";
import { elementCount, shapesEqual } from "../../../tensor.ts";
import type { NodeContext } from "../node-context.ts";
import { computed } from "../operand.ts";
import { ensure } from "../unsupported.ts";
import { resolveAxes, resolveAxis } from "./axes.ts";
import type { OnnxOperator, OperatorTable } from "./operator.ts";

/** Source: https://onnx.ai/onnx/operators/onnx__BatchNormalization.html */
const batchNormalization: OnnxOperator = {
  build(node) {
    // Weights a new average against the old one; statistics stay as they are here.
    node.ignore("momentum", "consumed_inputs");
    if (node.opset < 7) ensure(node.int("is_test", 0) !== 0, "training is not computed, expected is_test = 1");
    ensure(node.int("training_mode", 0) === 0, "training is not computed, expected training_mode = 0");
    ensure(node.int("spatial", 1) === 1, "spatial = 0 is not computed");
    const inputs = [0, 1, 2, 3, 4].map((index) => node.value(index));
    return node.result(node.apply(batchNorm, inputs, { eps: node.float("epsilon", 1e-5) }));
  },
};

/** Until operator set 12 all axes from the given one on are one; since then it is that axis alone. */
const softmaxOf = (operator: typeof softmax): OnnxOperator => ({
  build(node) {
    const x = node.value(0);
    const { shape } = x.type;
    const flat = node.opset < 13;
    const axis = resolveAxis(node.int("axis", flat ? 1 : -1), shape.length);
    const isLast = axis === shape.length - 1;
    if (!flat || isLast) return node.result(node.apply(operator, [x], { axis }));
    const rows = node.apply(reshape, [x], { shape: [elementCount(shape.slice(0, axis)), -1] }, { part: "rows" });
    const y = node.apply(operator, [rows], { axis: 1 }, { part: "flat" });
    return node.result(node.apply(reshape, [y], { shape }));
  },
});

interface Statistics {
  readonly centred: Value;
  readonly mean: Value;
  readonly variance: Value;
}

/** Mean and variance over axes, which stay with size 1. */
function statistics(node: NodeContext, x: Value, axes: readonly number[]): Statistics {
  const given = { axes, keepDim: true };
  const average = node.apply(mean, [x], given, { part: "mean" });
  const centred = node.apply(sub, [x, average], {}, { part: "centred" });
  const squares = node.apply(mul, [centred, centred], {}, { part: "squares" });
  return { centred, mean: average, variance: node.apply(mean, [squares], given, { part: "variance" }) };
}

/** Source: https://onnx.ai/onnx/operators/onnx__LayerNormalization.html */
const layerNormalization: OnnxOperator = {
  build(node) {
    // Sums are f32, whatever precision the standard allows them.
    node.ignore("stash_type");
    const x = node.value(0);
    const { shape } = x.type;
    const axis = resolveAxis(node.int("axis", -1), shape.length);
    const eps = node.float("epsilon", 1e-5);
    const inner = shape.slice(axis);
    const parameters = [1, 2].filter((index) => node.inputs[index] !== undefined).map((index) => node.value(index));
    const whole = parameters.map((value, i) => {
      if (shapesEqual(value.type.shape, inner)) return value;
      return node.apply(expand, [value], { shape: inner }, { part: `parameter${i}` });
    });
    const y = node.result(node.apply(layerNorm, [x, ...whole], { axis, eps }));
    const [, meanName = "", deviationName = ""] = node.outputs;
    if (meanName === "" && deviationName === "") return [y];
    const axes = inner.map((_, i) => axis + i);
    const found = statistics(node, x, axes);
    const shifted = node.apply(add, [found.variance, node.scalar("eps", eps)], {}, { part: "shifted" });
    const deviation = node.apply(sqrt, [shifted], {}, { part: "deviation" });
    const inverse = node.apply(reciprocal, [deviation], {}, { part: "inverse" });
    return [y, computed("f32", found.mean), computed("f32", inverse)];
  },
};

/** Source: https://onnx.ai/onnx/operators/onnx__InstanceNormalization.html */
const instanceNormalization: OnnxOperator = {
  build(node) {
    node.ignore("consumed_inputs");
    const inputs = [0, 1, 2].map((index) => node.value(index));
    return node.result(node.apply(instanceNorm, inputs, { eps: node.float("epsilon", 1e-5) }));
  },
};

/** Weights per channel, until operator set 20 per group. Source: https://onnx.ai/onnx/operators/onnx__GroupNormalization.html */
const groupNormalization: OnnxOperator = {
  since: 18,
  build(node) {
    node.ignore("stash_type");
    const x = node.value(0);
    const groups = node.int("num_groups", 0);
    const channels = x.type.shape[1] ?? 0;
    ensure(groups >= 1 && channels % groups === 0, `num_groups is ${groups} for ${channels} channels`);
    const perChannel = (index: number) => {
      const value = node.value(index);
      if (node.opset >= 21 || channels === groups) return value;
      const column = node.apply(reshape, [value], { shape: [groups, 1] }, { part: `input${index}.column` });
      const each = { shape: [groups, channels / groups] };
      const repeated = node.apply(expand, [column], each, { part: `input${index}.repeated` });
      return node.apply(reshape, [repeated], { shape: [channels] }, { part: `input${index}` });
    };
    const given = { groups, eps: node.float("epsilon", 1e-5) };
    return node.result(node.apply(groupNorm, [x, perChannel(1), perChannel(2)], given));
  },
};

/** x divided by its norm along an axis; where that is 0, x is. */
const lpNormalization: OnnxOperator = {
  build(node) {
    const x = node.value(0);
    const axes = [resolveAxis(node.int("axis", -1), x.type.shape.length)];
    const p = node.int("p", 2);
    ensure(p === 1 || p === 2, `p is ${p}, expected 1 or 2`);
    const given = { axes, keepDim: true };
    const norm =
      p === 2
        ? node.apply(l2Norm, [x], given, { part: "norm" })
        : node.apply(sum, [node.apply(abs, [x], {}, { part: "abs" })], given, { part: "norm" });
    const isZero = node.apply(equal, [norm, node.scalar("zero", 0)], {}, { part: "isZero" });
    const divisor = node.apply(where, [isZero, node.scalar("one", 1), norm], {}, { part: "divisor" });
    return node.result(node.apply(div, [x, divisor], {}));
  },
};

/** (x - mean) / (sqrt(variance) + 1e-9). Source: https://onnx.ai/onnx/operators/onnx__MeanVarianceNormalization.html */
const meanVarianceNormalization: OnnxOperator = {
  since: 9,
  build(node) {
    const x = node.value(0);
    const axes = resolveAxes(node.ints("axes", [0, 2, 3]), x.type.shape.length);
    const { centred, variance } = statistics(node, x, axes);
    const deviation = node.apply(sqrt, [variance], {}, { part: "deviation" });
    const divisor = node.apply(add, [deviation, node.scalar("eps", 1e-9)], {}, { part: "divisor" });
    return node.result(node.apply(div, [centred, divisor], {}));
  },
};

/**
 * x / (bias + alpha / size * sum of squares of the channels around)^beta: the sum by a pool over channels.
 * Source: https://onnx.ai/onnx/operators/onnx__LRN.html
 */
const localResponseNormalization: OnnxOperator = {
  build(node) {
    const x = node.value(0);
    const { shape } = x.type;
    const [alpha, beta, bias] = [node.float("alpha", 0.0001), node.float("beta", 0.75), node.float("bias", 1)];
    const size = node.int("size", 0);
    ensure(size >= 1 && shape.length >= 3, `size is ${size}`);
    const squares = node.apply(mul, [x, x], {}, { part: "squares" });
    const columns = { shape: [shape[0]!, 1, shape[1]!, elementCount(shape.slice(2))] };
    const planes = node.apply(reshape, [squares], columns, { part: "planes" });
    const [before, after] = [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];
    const window = { kernel: [size, 1], stride: 1, padding: [before, 0, after, 0] } as const;
    const means = node.apply(averagePool2d, [planes], window, { part: "means" });
    const around = node.apply(reshape, [means], { shape }, { part: "around" });
    const scaled = node.apply(mul, [around, node.scalar("alpha", alpha)], {}, { part: "scaled" });
    const base = node.apply(add, [scaled, node.scalar("bias", bias)], {}, { part: "base" });
    const divisor = node.apply(pow, [base, node.scalar("beta", beta)], {}, { part: "divisor" });
    return node.result(node.apply(div, [x, divisor], {}));
  },
};

export const normalization: OperatorTable = {
  BatchNormalization: batchNormalization,
  InstanceNormalization: instanceNormalization,
  LayerNormalization: layerNormalization,
  GroupNormalization: groupNormalization,
  LpNormalization: lpNormalization,
  MeanVarianceNormalization: meanVarianceNormalization,
  LRN: localResponseNormalization,
  Softmax: softmaxOf(softmax),
  LogSoftmax: softmaxOf(logSoftmax),
};
