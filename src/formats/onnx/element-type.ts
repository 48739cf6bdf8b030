// Element types of ONNX tensors: the numbers of `TensorProto.DataType`, and how the standard packs each.
// Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3 (TensorProto)

const byteSizes = {
  f32: 4,
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  i32: 4,
  i64: 8,
  bool: 1,
  f16: 2,
  f64: 8,
  u32: 4,
  u64: 8,
  bf16: 2,
} as const;

/** Element types whose values are read. Floats narrower than f32 are widened, which is exact. */
export type ElementType = keyof typeof byteSizes;

/** By their numbers in the standard; those that are no {@link ElementType} are only named. */
const names: readonly string[] = [
  "undefined",
  "f32",
  "u8",
  "i8",
  "u16",
  "i16",
  "i32",
  "i64",
  "string",
  "bool",
  "f16",
  "f64",
  "u32",
  "u64",
  "complex64",
  "complex128",
  "bf16",
  "f8e4m3fn",
  "f8e4m3fnuz",
  "f8e5m2",
  "f8e5m2fnuz",
  "u4",
  "i4",
  "f4e2m1",
  "f8e8m0",
  "u2",
  "i2",
  "f6e2m3",
  "f6e3m2",
];

/** What messages call a type: also one that is not read. */
export function elementTypeName(code: number): string {
  return names[code] ?? `element type ${code}`;
}

/** The type of a number in the standard; undefined for those that are not read. */
export function elementType(code: number): ElementType | undefined {
  const name = names[code];
  return name !== undefined && isElementType(name) ? name : undefined;
}

export function isElementType(name: string): name is ElementType {
  return Object.hasOwn(byteSizes, name);
}

/** Bytes per element in `raw_data` and in external data. */
export function elementByteSize(type: ElementType): number {
  return byteSizes[type];
}

/** Types that the GPU computes as f32. */
export function isComputable(type: ElementType): type is "f32" | "f16" | "bf16" {
  return type === "f32" || type === "f16" || type === "bf16";
}

export function isFloat(type: ElementType): boolean {
  return isComputable(type) || type === "f64";
}
