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

function isElementType(name: string): name is ElementType {
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

/** How the GPU holds a type: masks as u32 of 0 and 1, integers as i32 or u32, whose range they must not leave. */
export function deviceType(type: ElementType): "f32" | "i32" | "u32" | undefined {
  if (isComputable(type)) return "f32";
  if (type === "f64") return undefined;
  return type === "bool" || type === "u32" || type === "u64" ? "u32" : "i32";
}

/** Integers whose arithmetic is that of i32 as long as nothing overflows; narrower ones wrap around earlier. */
export function isWideInteger(type: ElementType): boolean {
  return type === "i32" || type === "i64";
}

export function isFloat(type: ElementType): boolean {
  return isComputable(type) || type === "f64";
}
