// Gradients of products of matrices: products again. Factors whose batch is one are taken as matrices of many rows.
import { elementCount, type Shape, shapesEqual } from "../../tensor.ts";
import { mul } from "../elementwise/arithmetic.ts";
import { reshape } from "../move/reshape.ts";
import { transpose } from "../move/transpose.ts";
import type { GradientContext } from "../operator.ts";
import { sumToShape } from "../reduce/sum-expand.ts";
import { type GemmAttributes, gemm, matmul } from "./matmul.ts";

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

export function gemmGradients<V>(context: GradientContext<V, GemmAttributes>): V[] {
  const { inputs, outputGradients, attrs, apply, constant, type } = context;
  const [a, b, c] = inputs as [V, V, V?];
  const gy = outputGradients[0]!;
  const factors = factorGradients(context, [a, b, gy], attrs);
  if (!c) return factors;
  const gc = sumToShape(context, gy, type(c).shape);
  return [...factors, attrs.beta === 1 ? gc : apply(mul, [gc, constant(attrs.beta)], {})];
}

export function linearGradients<V>(context: GradientContext<V>): V[] {
  const { inputs, outputGradients, type } = context;
  const [x, weight, bias] = inputs as [V, V, V?];
  const gy = outputGradients[0]!;
  const factors = flatGradients(context, [x, weight, gy], true);
  return bias ? [...factors, sumToShape(context, gy, type(bias).shape)] : factors;
}

export function matmulGradients<V>(context: GradientContext<V>): V[] {
  const { inputs, outputGradients, apply, type } = context;
  const [a, b] = inputs as [V, V];
  const gy = outputGradients[0]!;
  if (type(b).shape.length === 2) return flatGradients(context, [a, b, gy], false);
  const ga = apply(matmul, [gy, swapped(context, b)], {});
  const gb = apply(matmul, [swapped(context, a), gy], {});
  return [sumToShape(context, ga, type(a).shape), sumToShape(context, gb, type(b).shape)];
}

/** Of a [.., K] and one matrix b for all of it: the sum over the batch is part of the product. */
function flatGradients<V>(context: GradientContext<V>, [a, b, gy]: readonly [V, V, V], transB: boolean): V[] {
  const { type } = context;
  const matrices = [asMatrix(context, a), b, asMatrix(context, gy)] as const;
  const [ga, gb] = factorGradients(context, matrices, { alpha: 1, transA: false, transB });
  return [reshaped(context, ga, type(a).shape), gb];
}

/** [.., C] as [rows, C]. */
function asMatrix<V>(context: GradientContext<V>, value: V): V {
  const { shape } = context.type(value);
  return reshaped(context, value, [elementCount(shape.slice(0, -1)), shape.at(-1)!]);
}

function reshaped<V>({ apply, type }: GradientContext<V>, value: V, shape: Shape): V {
  return shapesEqual(type(value).shape, shape) ? value : apply(reshape, [value], { shape });
}

/** The last two axes exchanged. */
function swapped<V>({ apply, type }: GradientContext<V>, value: V): V {
  const axes = [...type(value).shape.keys()];
  return apply(transpose, [value], { permutation: [...axes.slice(0, -2), axes.length - 1, axes.length - 2] });
}
