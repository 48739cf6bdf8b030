// Products of matrices.
import { ShapeError } from "../../errors.ts";
import { elementCount, formatShape, type TensorType } from "../../tensor.ts";
import { operandBytes } from "../cost.ts";
import { fanInUniform } from "../initial.ts";
import type { Call, Operand, Operator } from "../operator.ts";
import { broadcastShape } from "../walk/axes.ts";
import { floatType, requireF32, requireFinite } from "../walk/operands.ts";
import { broadcast, type Strided, strided } from "../walk/strided.ts";
import { gemmGradients, linearGradients, matmulGradients } from "./gradients.ts";
import { matmulKernels, type Product } from "./matmul-kernels.ts";

function productCost(call: Call, terms: number) {
  return { flop: 2 * elementCount(call.outputs[0]!.shape) * terms, bytes: operandBytes(call) };
}

/**
 * Product of matrices.
 * - a: [.., M, K]; b: [.., K, N]; output: [.., M, N]; the axes before the last two broadcast, as in NumPy.
 * - gradient: two products; as one of many rows where b has no batch, and summed over the batch where a factor repeats.
 * Throws ShapeError unless both have two axes or more, K is the same and the axes before broadcast.
 * Source: https://pytorch.org/docs/stable/generated/torch.matmul.html
 */
export const matmul: Operator = {
  name: "matmul",
  attributes: () => ({}),
  shape(inputs) {
    const [a, b] = inputs as [TensorType, TensorType];
    const dtype = floatType("matmul", inputs);
    if (a.shape.length < 2 || b.shape.length < 2 || a.shape.at(-1) !== b.shape.at(-2)) {
      throw new ShapeError(
        `matmul: got a ${formatShape(a.shape)} and b ${formatShape(b.shape)}, expected [.., M, K] and [.., K, N]`,
      );
    }
    const batch = broadcastShape("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
    return [{ shape: [...batch, a.shape.at(-2)!, b.shape.at(-1)!], dtype }];
  },
  cost: (call) => productCost(call, call.inputs[0]!.shape.at(-1)!),
  kernels: matmulKernels("matmul", {
    packB: () => false,
    product({ inputs, outputs }) {
      const [a, b, y] = [inputs[0]!, inputs[1]!, outputs[0]!];
      const batch = y.shape.slice(0, -2);
      const lie = (x: Operand, last: readonly [number, number]): Strided => {
        const { offset, strides } = broadcast(x, [...batch, ...x.shape.slice(-2)]);
        return { offset, strides: [...strides.slice(0, -2), ...last] };
      };
      return {
        sizes: y.shape,
        a: lie(a, [stride(a, 2), 0]),
        b: lie(b, [0, stride(b, 1)]),
        y: strided(y),
        terms: a.shape.at(-1)!,
        aStep: stride(a, 1),
        bStep: stride(b, 2),
        alpha: 1,
        beta: 0,
      };
    },
  }),
  gradient: (context) => matmulGradients(context),
};

function stride(x: Operand, fromEnd: 1 | 2): number {
  return strided(x).strides.at(-fromEnd)!;
}

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
export const gemm: Operator<GemmAttributes, GemmGiven> = {
  name: "gemm",
  attributes: ({ alpha = 1, beta = 1, transA = false, transB = false }) => ({
    ...requireFinite("gemm", { alpha, beta }),
    transA,
    transB,
  }),
  shape(inputs, { transA, transB }) {
    const [a, b, c] = inputs as [TensorType, TensorType, TensorType?];
    const dtype = floatType("gemm", [a, b]);
    const [rows, terms] = transA ? [a.shape[1], a.shape[0]] : a.shape;
    const [otherTerms, columns] = transB ? [b.shape[1], b.shape[0]] : b.shape;
    if (a.shape.length !== 2 || b.shape.length !== 2 || terms !== otherTerms) {
      throw new ShapeError(
        `gemm: got a ${formatShape(a.shape)} and b ${formatShape(b.shape)}, ` +
          `expected ${transA ? "[K, M]" : "[M, K]"} and ${transB ? "[N, K]" : "[K, N]"}`,
      );
    }
    const shape = [rows!, columns!];
    requireBias("gemm", inputs, shape, c);
    return [{ shape, dtype }];
  },
  cost: (call) => productCost(call, call.inputs[0]!.shape[call.attrs.transA ? 0 : 1]!),
  fullInputs: [2],
  kernels: matmulKernels("gemm", {
    packB: ({ attrs }) => attrs.transB,
    product: (call, packed) => flatProduct(call, { ...call.attrs, packed }),
  }),
  gradient: (context) => gemmGradients(context),
};

/**
 * A fully connected layer: x times the weight's transpose, plus a bias.
 * - x: [.., C]; weight: [K, C]; optional bias, f32: [K]; output: [.., K].
 * - gradient: two products, and the sum over the rows.
 * Throws ShapeError unless C is the same and the bias has K elements.
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.Linear.html
 */
export const linear: Operator = {
  name: "linear",
  attributes: () => ({}),
  shape(inputs) {
    const [x, weight, bias] = inputs as [TensorType, TensorType, TensorType?];
    const dtype = floatType("linear", [x, weight]);
    if (weight.shape.length !== 2 || x.shape.length < 1 || x.shape.at(-1) !== weight.shape[1]) {
      throw new ShapeError(
        `linear: got x ${formatShape(x.shape)} and weight ${formatShape(weight.shape)}, expected [.., C] and [K, C]`,
      );
    }
    const columns = weight.shape[0]!;
    requireBias("linear", inputs, [columns], bias);
    return [{ shape: [...x.shape.slice(0, -1), columns], dtype }];
  },
  cost: (call) => productCost(call, call.inputs[1]!.shape[1]!),
  fullInputs: [2],
  initial: fanInUniform,
  kernels: matmulKernels("linear", {
    packB: () => true,
    product: (call, packed) => flatProduct(call, { alpha: 1, beta: 1, transA: false, transB: true, packed }),
  }),
  gradient: (context) => linearGradients(context),
};

/** Throws ShapeError unless there is no bias, or it is f32 and broadcasts to the shape. */
function requireBias(operator: string, inputs: readonly TensorType[], shape: readonly number[], bias?: TensorType) {
  if (!bias) return;
  requireF32(operator, inputs, [2]);
  const missing = shape.length - bias.shape.length;
  if (missing >= 0 && bias.shape.every((size, axis) => size === 1 || size === shape[axis + missing])) return;
  throw new ShapeError(
    `${operator}: input 2 has shape ${formatShape(bias.shape)}, expected one that broadcasts to ${formatShape(shape)}`,
  );
}

/** a of any rank times one matrix b. */
function flatProduct({ inputs, outputs }: Call, attrs: GemmAttributes & { readonly packed: boolean }): Product {
  const [x, second, c, output] = [inputs[0]!, inputs[1]!, inputs[2], outputs[0]!];
  const [a, y] = [asMatrix(x), asMatrix(output)];
  // A packed b lies as [K, N].
  const packs = attrs.transB && attrs.packed;
  const b = packs ? { offset: 0, strides: [second.shape[0]!, 1] } : strided(second);
  const [row, term] = attrs.transA ? [1, 2] : [2, 1];
  const [step, column] = attrs.transB && !packs ? [1, 2] : [2, 1];
  const batch = a.strides.slice(0, -2);
  return {
    sizes: output.shape.length === 1 ? [1, ...output.shape] : output.shape,
    a: { offset: a.offset, strides: [...batch, a.strides.at(-row)!, 0] },
    b: { offset: b.offset, strides: [...batch.map(() => 0), 0, b.strides.at(-column)!] },
    ...(c && { c: broadcast(c, output.shape.length === 1 ? [1, ...output.shape] : output.shape) }),
    y,
    terms: x.shape.at(attrs.transA ? -2 : -1)!,
    aStep: a.strides.at(-term)!,
    bStep: b.strides.at(-step)!,
    alpha: attrs.alpha,
    beta: attrs.beta,
  };
}

/** A vector is a matrix of one row. */
function asMatrix(x: Operand): Strided {
  const { offset, strides } = strided(x);
  return { offset, strides: strides.length === 1 ? [0, ...strides] : strides };
}
