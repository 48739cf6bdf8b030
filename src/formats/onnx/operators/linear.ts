// Products of matrices.
// Sources: https://onnx.ai/onnx/operators/onnx__Gemm.html, https://onnx.ai/onnx/operators/onnx__MatMul.html

import type { Value } from "../../../graph/ir/graph.ts";
import { gemm } from "../../../ops/matrix/gemm.ts";
import { matmul } from "../../../ops/matrix/matmul.ts";
import { reshape } from "../../../ops/move/reshape.ts";
import type { OnnxOperator, OperatorTable } from "./operator.ts";
import { step } from "./window.ts";

const gemmOf: OnnxOperator = {
  build(node) {
    // Until operator set 6; C of any shape that broadcasts is taken.
    node.ignore("broadcast");
    const given = {
      alpha: node.float("alpha", 1),
      beta: node.float("beta", 1),
      transA: node.int("transA", 0) !== 0,
      transB: node.int("transB", 0) !== 0,
    };
    const c = node.inputs[2] === undefined || given.beta === 0 ? [] : [node.value(2)];
    return node.result(node.apply(gemm, [node.value(0), node.value(1), ...c], given));
  },
};

/** As NumPy's: a vector is a row on the left, a column on the right, and that axis goes again. */
const matMul: OnnxOperator = {
  build(node) {
    const [left, right] = [node.value(0), node.value(1)];
    const [from, to] = [left.type.shape, right.type.shape];
    const shaped = (x: Value, shape: readonly number[], part: string) => node.apply(reshape, [x], { shape }, { part });
    // One matrix on the right: the rows of all on the left are one matrix too.
    const isFlat = from.length > 2 && to.length <= 2;
    const rows = isFlat || from.length === 1 ? shaped(left, [-1, from.at(-1) ?? 1], "rows") : left;
    const columns = to.length === 1 ? shaped(right, [-1, 1], "column") : right;
    const batch = isFlat ? from.slice(0, -2) : undefined;
    const isWhole = batch === undefined && from.length > 1 && to.length > 1;
    const y = node.apply(matmul, [rows, columns], {}, step(isWhole ? undefined : "product"));
    if (isWhole) return node.result(y);
    const ahead = batch ?? y.type.shape.slice(0, -2);
    const last = [...(from.length > 1 ? [from.at(-2)!] : []), ...(to.length > 1 ? [to.at(-1)!] : [])];
    return node.result(node.apply(reshape, [y], { shape: [...ahead, ...last] }));
  },
};

export const linear: OperatorTable = { Gemm: gemmOf, MatMul: matMul };
