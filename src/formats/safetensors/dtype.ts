// The element types of weights and inputs: the ones that networks of this field have. Any other is refused by name.

const byteSizes = {
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  U8: 1,
  I32: 4,
  U32: 4,
  I16: 2,
  U16: 2,
  I8: 1,
  BOOL: 1,
  F64: 8,
} as const;

/** Element types that are read and written, as safetensors spells them. */
export type SafetensorsDType = keyof typeof byteSizes;

export function isSupportedDType(text: string): text is SafetensorsDType {
  return Object.hasOwn(byteSizes, text);
}

/** Bytes per element. */
export function dtypeByteSize(dtype: SafetensorsDType): number {
  return byteSizes[dtype];
}

/** `F32, F16, BF16, I64, U8`, for messages. */
export const supportedDTypes: string = Object.keys(byteSizes).join(", ");
