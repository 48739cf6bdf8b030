// Products of an array of any rank with one matrix, and what may be added to them.
import { ShapeError } from "../../errors.ts";
import { elementCount, formatShape, type TensorType } from "../../tensor.ts";
import type { Call, Operand } from "../operator.ts";
import { dimensions } from "../walk/dimensions.ts";
import { requireF32 } from "../walk/operands.ts";
import { broadcast, type Strided, strided } from "../walk/strided.ts";
import { along, type Product } from "./kernels.ts";

interface Flat {
  readonly alpha: number;
  readonly beta: number;
  readonly transA: boolean;
  readonly transB: boolean;
  /** Whether b has been packed as [K, N] where it is transposed. */
  readonly packed: boolean;
}

/** Throws ShapeError unless there is no bias, or it is f32 and broadcasts to the shape. */
export function requireBias(
  operator: string,
  inputs: readonly TensorType[],
  shape: readonly number[],
  bias?: TensorType,
) {
  if (!bias) return;
  requireF32(operator, inputs, [2]);
  const missing = shape.length - bias.shape.length;
  if (missing >= 0 && bias.shape.every((size, axis) => size === 1 || size === shape[axis + missing])) return;
  throw new ShapeError(
    `${operator}: input 2 has shape ${formatShape(bias.shape)}, expected one that broadcasts to ${formatShape(shape)}`,
  );
}

/** a of any rank times one matrix b. */
export function flatProduct({ inputs: [x, second, c], outputs: [output] }: Call<object, 2>, attrs: Flat): Product {
  const [a, y] = [asMatrix(x), asMatrix(output)];
  // A packed b lies as [K, N].
  const packs = attrs.transB && attrs.packed;
  const b = packs ? { offset: 0, strides: [dimensions(second.shape, 2)[0], 1] } : strided(second);
  const [row, term] = lastAxes(attrs.transA);
  const [step, column] = lastAxes(attrs.transB && !packs);
  const sizes = output.shape.length === 1 ? [1, ...output.shape] : output.shape;
  const batch = a.strides.slice(0, -2);
  return {
    sizes,
    a: { offset: a.offset, strides: [...batch, along(a, row), 0] },
    b: { offset: b.offset, strides: [...batch.map(() => 0), 0, along(b, column)] },
    ...(c && { c: broadcast(c, sizes) }),
    y,
    terms: elementCount(attrs.transA ? x.shape.slice(0, 1) : x.shape.slice(-1)),
    aStep: along(a, term),
    bStep: along(b, step),
    alpha: attrs.alpha,
    beta: attrs.beta,
  };
}

/** A vector is a matrix of one row. */
function asMatrix(x: Operand): Strided {
  const { offset, strides } = strided(x);
  return { offset, strides: strides.length === 1 ? [0, ...strides] : strides };
}

/** Which axes from the end the rows and columns of a matrix are. */
function lastAxes(transposed: boolean): readonly [1 | 2, 1 | 2] {
  return transposed ? [1, 2] : [2, 1];
}
