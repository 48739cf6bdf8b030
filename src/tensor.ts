// Shapes and host tensors: the vocabulary that every layer shares. Arrays are row-major, images NCHW.

export type Shape = readonly number[];

/** Element types of tensors on the GPU. */
export type DType = "f32" | "i32" | "u32";

export type TensorData = Float32Array | Int32Array | Uint32Array;

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

/** Every element type takes four bytes for now. */
export function byteLength(type: TensorType): number {
  return elementCount(type.shape) * 4;
}

export function shapesEqual(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** `[1, 3, 224, 224]`, as written in messages. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}
