// Products of matrices, batch by batch.
import { ShapeError } from "../../errors.ts";
import { elementCount, formatShape } from "../../tensor.ts";
import { transpose } from "../move/transpose.ts";
import type { Operand, Operator } from "../operator.ts";
import { sumToShape } from "../reduce/sum-expand.ts";
import { broadcastShape } from "../walk/axes.ts";
import { floatType } from "../walk/operands.ts";
import { broadcast, type Strided, strided } from "../walk/strided.ts";
import { flatGradients } from "./gemm.ts";
import { along, productCost, productKernels, swapped } from "./kernels.ts";

/**
 * Product of matrices.
 * - a: [.., M, K]; b: [.., K, N]; output: [.., M, N]; the axes before the last two broadcast, as in NumPy.
 * - gradient: two products; as one of many rows where b has no batch, and summed over the batch where a factor repeats.
 * Throws ShapeError unless both have two axes or more, K is the same and the axes before broadcast.
 * Source: https://pytorch.org/docs/stable/generated/torch.matmul.html
 */
export const matmul: Operator<object, object, 2> = {
  name: "matmul",
  attributes: () => ({}),
  shape(inputs) {
    const [a, b] = inputs;
    const dtype = floatType("matmul", inputs);
    const [rows, terms] = a.shape.slice(-2);
    const [otherTerms, columns] = b.shape.slice(-2);
    if (rows === undefined || columns === undefined || terms !== otherTerms) {
      throw new ShapeError(
        `matmul: got a ${formatShape(a.shape)} and b ${formatShape(b.shape)}, expected [.., M, K] and [.., K, N]`,
      );
    }
    const batch = broadcastShape("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
    return [{ shape: [...batch, rows, columns], dtype }];
  },
  cost: (call) => productCost(call, elementCount(call.inputs[0].shape.slice(-1))),
  ...productKernels("matmul", {
    packB: () => false,
    product({ inputs: [a, b], outputs: [y] }) {
      const batch = y.shape.slice(0, -2);
      const lie = (x: Operand, last: readonly [number, number]): Strided => {
        const { offset, strides } = broadcast(x, [...batch, ...x.shape.slice(-2)]);
        return { offset, strides: [...strides.slice(0, -2), ...last] };
      };
      return {
        sizes: y.shape,
        a: lie(a, [along(strided(a), 2), 0]),
        b: lie(b, [0, along(strided(b), 1)]),
        y: strided(y),
        terms: elementCount(a.shape.slice(-1)),
        aStep: along(strided(a), 1),
        bStep: along(strided(b), 2),
        alpha: 1,
        beta: 0,
      };
    },
  }),
  gradient(context) {
    const { inputs, gy, apply, type } = context;
    const [a, b] = inputs;
    if (type(b).shape.length === 2) return flatGradients(context, [a, b, gy], false);
    const swap = (value: typeof a) => apply(transpose, [value], { permutation: swapped(type(value).shape) });
    const ga = apply(matmul, [gy, swap(b)], {});
    const gb = apply(matmul, [swap(a), gy], {});
    return [sumToShape(context, ga, type(a).shape), sumToShape(context, gb, type(b).shape)];
  },
};
