// Matrix products with one matrix of weights, as convolutions of 1x1.
// Sources: https://onnx.ai/onnx/operators/onnx__Gemm.html, https://onnx.ai/onnx/operators/onnx__MatMul.html

import type { Value } from "../../../graph/graph.ts";
import { add, mul } from "../../../ops/arithmetic.ts";
import { conv2d } from "../../../ops/conv2d.ts";
import { reshape } from "../../../ops/reshape.ts";
import { transpose } from "../../../ops/transpose.ts";
import { formatShape } from "../../../tensor.ts";
import type { NodeContext } from "../node-context.ts";
import { ensure } from "../unsupported.ts";
import type { OnnxOperator, OperatorTable } from "./operator.ts";

/** alpha * A * B + beta * C, A and B transposed where it is said. */
const gemm: OnnxOperator = {
  build(node) {
    // Until operator set 6; C of any shape that broadcasts is taken.
    node.ignore("broadcast");
    const flip = (value: Value, name: string, wanted: boolean) =>
      (node.int(name, 0) !== 0) === wanted ? value : swap(node, value, name);
    const a = flip(node.value(0), "transA", false);
    const b = flip(node.value(1), "transB", true);
    const [alpha, beta] = [node.float("alpha", 1), node.float("beta", 1)];
    const hasC = node.inputs[2] !== undefined && beta !== 0;
    const bias = hasC && alpha === 1 && beta === 1 && isRow(node, b) ? node.value(2) : undefined;
    const rest = hasC && !bias;
    let y = product(node, a, b, { bias, part: alpha !== 1 || rest ? "product" : undefined });
    if (alpha !== 1) y = node.apply(mul, [y, node.scalar("alpha", alpha)], {}, rest ? { part: "scaled" } : {});
    if (!rest) return node.result(y);
    const c =
      beta === 1 ? node.value(2) : node.apply(mul, [node.value(2), node.scalar("beta", beta)], {}, { part: "c" });
    return node.result(node.apply(add, [y, c], {}));
  },
};

/** Whether C is one number per column. */
function isRow(node: NodeContext, b: Value): boolean {
  const { shape } = node.operand(2);
  return shape.length === 1 && shape[0] === b.type.shape[0];
}

const matMul: OnnxOperator = {
  build(node) {
    const [a, b] = [node.value(0), node.value(1)];
    const rank = a.type.shape.length;
    ensure(
      b.type.shape.length === 2 && rank >= 2,
      `shapes are ${formatShape(a.type.shape)} and ${formatShape(b.type.shape)}, expected a second one of [K, N]`,
    );
    const rows = rank === 2 ? a : node.apply(reshape, [a], { shape: [-1, a.type.shape[rank - 1]!] }, { part: "rows" });
    const y = product(node, rows, swap(node, b, "b"), { bias: undefined, part: rank === 2 ? undefined : "product" });
    if (rank === 2) return node.result(y);
    return node.result(node.apply(reshape, [y], { shape: [...a.type.shape.slice(0, -1), b.type.shape[1]!] }));
  },
};

export const linear: OperatorTable = { Gemm: gemm, MatMul: matMul };

function swap(node: NodeContext, value: Value, name: string): Value {
  return node.apply(transpose, [value], { permutation: [1, 0] }, { part: `${name}.transposed` });
}

/** a [M, K] times the transpose of b [N, K]: M images of one pixel. */
function product(
  node: NodeContext,
  a: Value,
  b: Value,
  { bias, part }: { readonly bias: Value | undefined; readonly part: string | undefined },
): Value {
  const pixel = (value: Value, name: string) =>
    node.apply(reshape, [value], { shape: [...value.type.shape, 1, 1] }, { part: name });
  ensure(
    [a, b].every(({ type }) => type.shape.length === 2),
    "its matrices have more than two axes",
  );
  const y = node.apply(conv2d, [pixel(a, "a"), pixel(b, "b")], {}, { part: "pixels", ...(bias && { bias }) });
  return node.apply(reshape, [y], { shape: [a.type.shape[0]!, b.type.shape[0]!] }, part === undefined ? {} : { part });
}
