// A fully connected layer that is spelt out: a product with a matrix of weights, and a bias added to each of its columns.

import { gemm } from "../../../ops/matrix/gemm.ts";
import { reshape } from "../../../ops/move/reshape.ts";
import { elementCount } from "../../../tensor.ts";
import { eitherOrder, type Pattern } from "./neighbourhood.ts";

export const linearPattern: Pattern = (node, around) => {
  if (node.opType !== "Add") return undefined;
  for (const [name, bias] of eitherOrder(node)) {
    const product = around.producer(name, "MatMul");
    const [x = "", weight = ""] = product?.inputs ?? [];
    const [from, matrix, added, to] = [x, weight, bias, name].map((value) => around.shape(value));
    if (!from || !matrix || !added || !to || !around.isPassing(name)) continue;
    if (!around.isFixed(weight) || !around.isFixed(bias)) continue;
    const columns = to.at(-1);
    const isVector = added.length <= to.length && added.at(-1) === columns && elementCount(added) === columns;
    if (from.length < 2 || matrix.length !== 2 || !isVector) continue;
    return {
      operator: "Gemm",
      inputs: [x, weight, bias],
      build(own) {
        const [a, b, c] = [own.value(0), own.value(1), own.value(2)];
        const flat = (value: typeof a, shape: readonly number[], part: string) =>
          value.type.shape.length === shape.length ? value : own.apply(reshape, [value], { shape }, { part });
        const rows = flat(a, [-1, from.at(-1)!], "rows");
        const vector = flat(c, [columns!], "bias");
        if (rows === a) return own.result(own.apply(gemm, [a, b, vector], {}));
        const y = own.apply(gemm, [rows, b, vector], {}, { part: "product" });
        return own.result(own.apply(reshape, [y], { shape: to }));
      },
    };
  }
  return undefined;
};
