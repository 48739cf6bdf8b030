// Fully connected layers.
import { ShapeError } from "../../errors.ts";
import { elementCount, formatShape } from "../../tensor.ts";
import { fanInUniform } from "../initial.ts";
import type { Operator } from "../operator.ts";
import { sumToShape } from "../reduce/sum-expand.ts";
import { floatType } from "../walk/operands.ts";
import { flatProduct, requireBias } from "./flat-product.ts";
import { flatGradients } from "./gemm.ts";
import { productCost, productKernels } from "./kernels.ts";

/**
 * A fully connected layer: x times the weight's transpose, plus a bias.
 * - x: [.., C]; weight: [K, C]; optional bias, f32: [K]; output: [.., K].
 * - gradient: two products, and the sum over the rows.
 * Throws ShapeError unless C is the same and the bias has K elements.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Linear.html
 */
export const linear: Operator<object, object, 2> = {
  name: "linear",
  attributes: () => ({}),
  shape(inputs) {
    const [x, weight, bias] = inputs;
    const dtype = floatType("linear", [x, weight]);
    const [columns, terms] = weight.shape;
    if (weight.shape.length !== 2 || columns === undefined || x.shape.length < 1 || x.shape.at(-1) !== terms) {
      throw new ShapeError(
        `linear: got x ${formatShape(x.shape)} and weight ${formatShape(weight.shape)}, expected [.., C] and [K, C]`,
      );
    }
    requireBias("linear", inputs, [columns], bias);
    return [{ shape: [...x.shape.slice(0, -1), columns], dtype }];
  },
  cost: (call) => productCost(call, elementCount(call.inputs[1].shape.slice(-1))),
  fullInputs: [2],
  initial: fanInUniform,
  ...productKernels("linear", {
    packB: () => true,
    product: (call, packed) => flatProduct(call, { alpha: 1, beta: 1, transA: false, transB: true, packed }),
  }),
  gradient(context) {
    const { inputs, gy, type } = context;
    const [x, weight, bias] = inputs;
    const factors = flatGradients(context, [x, weight, gy], true);
    return bias ? [...factors, sumToShape(context, gy, type(bias).shape)] : factors;
  },
};
