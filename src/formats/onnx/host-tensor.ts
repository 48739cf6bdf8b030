// Small tensors that are known while a graph is imported: shapes, axes, scales, and what is computed of them. Elements are
// numbers of f64; after every operation they are rounded to their own type, integers beyond 2^53 to the nearest number.

import { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from "../../half.ts";
import { elementCount, type Shape } from "../../tensor.ts";
import type { ElementType } from "./element-type.ts";

export interface HostTensor {
  readonly type: ElementType;
  readonly shape: Shape;
  readonly data: ArrayLike<number>;
}

/** Rounds or wraps a number to an element type, as C casts and ONNX's Cast do. */
export function toElement(type: ElementType, value: number): number {
  switch (type) {
    case "f64":
      return value;
    case "f32":
      return Math.fround(value);
    case "f16":
      return f16ToF32(f32ToF16(Float32Array.of(value)))[0]!;
    case "bf16":
      return bf16ToF32(f32ToBf16(Float32Array.of(value)))[0]!;
    case "bool":
      return value !== 0 ? 1 : 0;
    case "i64":
      return Math.trunc(value);
    case "u64":
      return value < 0 ? Math.trunc(value) + 2 ** 64 : Math.trunc(value);
    case "i32":
      return value | 0;
    case "u32":
      return value >>> 0;
    case "i16":
      return (value << 16) >> 16;
    case "u16":
      return value & 0xffff;
    case "i8":
      return (value << 24) >> 24;
    case "u8":
      return value & 0xff;
  }
  return type satisfies never;
}

export function hostTensor(type: ElementType, shape: Shape, values: Iterable<number>): HostTensor {
  return { type, shape, data: Float64Array.from(values, (value) => toElement(type, value)) };
}

/** [n] of i64: a shape, axes. */
export function hostShape(sizes: readonly number[]): HostTensor {
  return hostTensor("i64", [sizes.length], sizes);
}

/** Elements to step along each axis of a row-major tensor. */
export function stridesOf(shape: Shape): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1]! * shape[axis + 1]!;
  return strides;
}

/**
 * The elements of a tensor in the order of another shape: `from` gives, for each axis of `shape`, the first element's place
 * and the step along that axis in the source. Slices, transposes and broadcasts are all of this kind.
 */
export function gatherStrided(
  source: HostTensor,
  shape: Shape,
  from: { readonly offset: number; readonly strides: readonly number[] },
): HostTensor {
  const data = new Float64Array(elementCount(shape));
  const index = shape.map(() => 0);
  let place = from.offset;
  for (let i = 0; i < data.length; i++) {
    data[i] = source.data[place]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += from.strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      place -= from.strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return { type: source.type, shape, data };
}

/** Repeats a tensor along axes of size 1, as NumPy broadcasts. The shapes must fit. */
export function broadcastTo(source: HostTensor, shape: Shape): HostTensor {
  const missing = shape.length - source.shape.length;
  const own = stridesOf(source.shape);
  const strides = shape.map((_, axis) => {
    const at = axis - missing;
    return at < 0 || source.shape[at] === 1 ? 0 : own[at]!;
  });
  return gatherStrided(source, shape, { offset: 0, strides });
}
