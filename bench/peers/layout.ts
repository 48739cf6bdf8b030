// Row-major arrays with their axes in another order, and at other places along them.
import { elementCount, type Shape } from "../../src/tensor.ts";

/** As numpy.transpose: axis i of the result is axis `order[i]` of `data`, which has shape `shape`. */
export function permute(data: Float32Array, shape: Shape, order: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
  const result = new Float32Array(data.length);
  const sizes = order.map((axis) => shape[axis]!);
  const steps = order.map((axis) => strides[axis]!);
  const index = sizes.map(() => 0);
  let from = 0;
  for (let to = 0; to < result.length; to++) {
    result[to] = data[from]!;
    for (let axis = index.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++index[axis]! < sizes[axis]!) break;
      from -= steps[axis]! * sizes[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}

/** The order of axes that puts channels last: [N, H, W, C] from [N, C, H, W], or [N, D, H, W, C]. */
export function channelsLast(rank: number): number[] {
  return [0, ...Array.from({ length: rank - 2 }, (_, axis) => axis + 2), 1];
}

/** Back to [N, C, ...]. */
export function channelsFirst(rank: number): number[] {
  return [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, axis) => axis + 1)];
}

/** [to, from]: row i holds what output pixel i of a bilinear resize takes of each input pixel, with positions clamped to the image. */
export function bilinearMatrix(from: number, to: number): Float32Array {
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const position = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(position);
    matrix[i * from + low]! += 1 - (position - low);
    if (low + 1 < from) matrix[i * from + low + 1]! += position - low;
  }
  return matrix;
}
