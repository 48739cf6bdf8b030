// Views of a storage: shape, strides and offset, in elements.

import { elementCount, type Shape } from "../../tensor.ts";

export interface StridedView {
  readonly shape: Shape;
  readonly strides: Shape;
  readonly offset: number;
  readonly itemBytes: number;
}

/** The first element that a view reads, and how many lie between it and the last, both counted. */
export function extentOf({ shape, strides, offset }: StridedView): { first: number; count: number } {
  if (shape.includes(0)) return { first: offset, count: 0 };
  return { first: offset, count: shape.reduce((sum, size, axis) => sum + (size - 1) * (strides[axis] ?? 0), 1) };
}

/** Whether its elements lie in row-major order without gaps. */
export function isContiguous({ shape, strides }: StridedView): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] ?? 0;
    if (size !== 1 && strides[axis] !== expected) return false;
    expected *= size;
  }
  return true;
}

/** A view's elements in row-major order, out of the bytes of its extent. */
export function gather(bytes: Uint8Array, { shape, strides, itemBytes }: StridedView): Uint8Array {
  const count = elementCount(shape);
  const out = new Uint8Array(count * itemBytes);
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < count; to++) {
    for (let n = 0; n < itemBytes; n++) out[to * itemBytes + n] = bytes[from * itemBytes + n] ?? 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const stride = strides[axis] ?? 0;
      index[axis] = (index[axis] ?? 0) + 1;
      from += stride;
      if ((index[axis] ?? 0) < (shape[axis] ?? 0)) break;
      from -= stride * (shape[axis] ?? 0);
      index[axis] = 0;
    }
  }
  return out;
}
