// Shapes and host tensors: the vocabulary that every layer shares. Arrays are row-major, images NCHW.

/** Sizes of a tensor's dimensions, the outermost first; a scalar's is []. */
export type Shape = readonly number[];

/** Element types of tensors on the GPU. */
export type DType = "f32" | "f16" | "i32" | "u32";

/** Elements in host memory: those of f16 as their bits. */
export type TensorData = Float32Array | Int32Array | Uint32Array | Uint16Array;

/** The array that holds a type's elements in host memory. */
export const dataTypes = { f32: Float32Array, f16: Uint16Array, i32: Int32Array, u32: Uint32Array } as const;

/** What is known of a tensor before it has data. */
export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A tensor in host memory. */
export interface Tensor {
  readonly shape: Shape;
  readonly data: TensorData;
}

/** Number of elements; 1 for a scalar. */
export function elementCount(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function elementBytes(dtype: DType): 2 | 4 {
  return dtype === "f16" ? 2 : 4;
}

/** Bytes of a tensor in a buffer: whole words, which is what WebGPU copies and binds. */
export function byteLength({ shape, dtype }: TensorType): number {
  return Math.ceil((elementCount(shape) * elementBytes(dtype)) / 4) * 4;
}

export function shapesEqual(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** `[1, 3, 224, 224]`, as written in messages. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}
