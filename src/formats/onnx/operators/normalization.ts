// Batch normalization with given statistics, softmax.

import { batchNorm } from "../../../ops/batch-norm.ts";
import { reshape } from "../../../ops/reshape.ts";
import { logSoftmax, softmax } from "../../../ops/softmax.ts";
import { elementCount } from "../../../tensor.ts";
import { ensure } from "../unsupported.ts";
import { resolveAxis } from "./axes.ts";
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

export const normalization: OperatorTable = {
  BatchNormalization: batchNormalization,
  Softmax: softmaxOf(softmax),
  LogSoftmax: softmaxOf(logSoftmax),
};
