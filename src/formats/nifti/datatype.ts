// The voxel types of NIfTI that hold one real number.

type VoxelArrayConstructor =
  | Uint8ArrayConstructor
  | Int8ArrayConstructor
  | Uint16ArrayConstructor
  | Int16ArrayConstructor
  | Uint32ArrayConstructor
  | Int32ArrayConstructor
  | BigUint64ArrayConstructor
  | BigInt64ArrayConstructor
  | Float32ArrayConstructor
  | Float64ArrayConstructor;

/** Arrays that can be written. */
export type Voxels =
  | Uint8Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

export interface Datatype {
  /** `datatype` in the header. */
  readonly code: number;
  readonly name: string;
  readonly bytes: number;
  readonly array: VoxelArrayConstructor;
}

export const DATATYPES: readonly Datatype[] = [
  { code: 2, name: "uint8", bytes: 1, array: Uint8Array },
  { code: 4, name: "int16", bytes: 2, array: Int16Array },
  { code: 8, name: "int32", bytes: 4, array: Int32Array },
  { code: 16, name: "float32", bytes: 4, array: Float32Array },
  { code: 64, name: "float64", bytes: 8, array: Float64Array },
  { code: 256, name: "int8", bytes: 1, array: Int8Array },
  { code: 512, name: "uint16", bytes: 2, array: Uint16Array },
  { code: 768, name: "uint32", bytes: 4, array: Uint32Array },
  { code: 1024, name: "int64", bytes: 8, array: BigInt64Array },
  { code: 1280, name: "uint64", bytes: 8, array: BigUint64Array },
];

/** Types that a NIfTI file may hold and that this reader refuses, by name. */
export const REFUSED_DATATYPES: Readonly<Record<number, string>> = {
  0: "unknown",
  1: "1-bit binary",
  32: "complex64",
  128: "RGB24",
  1536: "float128",
  1792: "complex128",
  2048: "complex256",
  2304: "RGBA32",
};
