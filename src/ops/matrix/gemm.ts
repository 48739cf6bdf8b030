// Product of two matrices, each transposed or not, and its gradient: products again.
import { ShapeError } from "../../errors.ts";
import { elementCount, formatShape, type Shape, shapesEqual } from "../../tensor.ts";
import { mul } from "../elementwise/arithmetic.ts";
import { reshape } from "../move/reshape.ts";
import type { GradientContext, Operator } from "../operator.ts";
import { sumToShape } from "../reduce/sum-expand.ts";
import { dimensions } from "../walk/dimensions.ts";
import { floatType, requireFinite } from "../walk/operands.ts";
import { flatProduct, requireBias } from "./flat-product.ts";
import { productCost, productKernels } from "./kernels.ts";

export interface GemmAttributes {
  readonly alpha: number;
  readonly beta: number;
  readonly transA: boolean;
  readonly transB: boolean;
}

export interface GemmGiven {
  /** Factor of the product. Default 1. */
  readonly alpha?: number;
  /** Factor of c. Default 1. */
  readonly beta?: number;
  /** Whether a is [K, M]. Default false. */
  readonly transA?: boolean;
  /** Whether b is [N, K]. Default false. */
  readonly transB?: boolean;
}

/**
 * alpha * a b + beta * c, of two matrices and what broadcasts to their product.
 * - a: [M, K], or [K, M] if `transA`; b: [K, N], or [N, K] if `transB`; optional c, f32: broadcasts to [M, N];
 *   output: [M, N].
 * - gradient: products of the same kind, and the sum over what c repeats along.
 * Throws ShapeError unless a and b are matrices with the same K, c broadcasts and the factors are finite.
 * Source: https://onnx.ai/onnx/operators/onnx__Gemm.html
 */
export const gemm: Operator<GemmAttributes, GemmGiven, 2> = {
  name: "gemm",
  attributes: ({ alpha = 1, beta = 1, transA = false, transB = false }) => ({
    ...requireFinite("gemm", { alpha, beta }),
    transA,
    transB,
  }),
  shape(inputs, { transA, transB }) {
    const [a, b, c] = inputs;
    const dtype = floatType("gemm", [a, b]);
    const [rows, terms] = transA ? a.shape.toReversed() : a.shape;
    const [otherTerms, columns] = transB ? b.shape.toReversed() : b.shape;
    const areMatrices = a.shape.length === 2 && b.shape.length === 2;
    if (!areMatrices || rows === undefined || columns === undefined || terms !== otherTerms) {
      throw new ShapeError(
        `gemm: got a ${formatShape(a.shape)} and b ${formatShape(b.shape)}, ` +
          `expected ${transA ? "[K, M]" : "[M, K]"} and ${transB ? "[N, K]" : "[K, N]"}`,
      );
    }
    const shape = [rows, columns];
    requireBias("gemm", inputs, shape, c);
    return [{ shape, dtype }];
  },
  cost(call) {
    const [first, second] = dimensions(call.inputs[0].shape, 2);
    return productCost(call, call.attrs.transA ? first : second);
  },
  fullInputs: [2],
  ...productKernels<GemmAttributes>("gemm", {
    packB: ({ attrs }) => attrs.transB,
    product: (call, packed) => flatProduct(call, { ...call.attrs, packed }),
  }),
  gradient(context) {
    const { inputs, gy, attrs, apply, constant, type } = context;
    const [a, b, c] = inputs;
    const factors = factorGradients(context, [a, b, gy], attrs);
    if (!c) return factors;
    const gc = sumToShape(context, gy, type(c).shape);
    return [...factors, attrs.beta === 1 ? gc : apply(mul, [gc, constant(attrs.beta)], {})];
  },
};

/** Of a and b in y = alpha * a b, matrices all, each transposed or not. */
function factorGradients<V>(
  { apply }: GradientContext<V>,
  [a, b, gy]: readonly [V, V, V],
  { alpha, transA, transB }: Pick<GemmAttributes, "alpha" | "transA" | "transB">,
): [V, V] {
  return [
    transA
      ? apply(gemm, [b, gy], { alpha, transA: transB, transB: true })
      : apply(gemm, [gy, b], { alpha, transB: !transB }),
    transB
      ? apply(gemm, [gy, a], { alpha, transA: true, transB: transA })
      : apply(gemm, [a, gy], { alpha, transA: !transA }),
  ];
}

/**
 * Of a and b in y = a b, a [.., K] and one matrix b for all of it, [N, K] if `transB`: as one of many rows, so that the sum
 * over the batch is part of the product.
 */
export function flatGradients<V>(context: GradientContext<V>, [a, b, gy]: readonly [V, V, V], transB: boolean): V[] {
  const { type } = context;
  const matrices = [asMatrix(context, a), b, asMatrix(context, gy)] as const;
  const [ga, gb] = factorGradients(context, matrices, { alpha: 1, transA: false, transB });
  return [reshaped(context, ga, type(a).shape), gb];
}

/** [.., C] as [rows, C]. */
function asMatrix<V>(context: GradientContext<V>, value: V): V {
  const { shape } = context.type(value);
  return reshaped(context, value, [elementCount(shape.slice(0, -1)), elementCount(shape.slice(-1))]);
}

function reshaped<V>({ apply, type }: GradientContext<V>, value: V, shape: Shape): V {
  return shapesEqual(type(value).shape, shape) ? value : apply(reshape, [value], { shape });
}
