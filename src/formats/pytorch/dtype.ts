// The element types of PyTorch as those of safetensors.

import { dtypeByteSize, type SafetensorsDType } from "../safetensors/dtype.ts";

/** By the class of a storage, `torch.FloatStorage`. */
const storages: ReadonlyMap<string, SafetensorsDType> = new Map([
  ["FloatStorage", "F32"],
  ["DoubleStorage", "F64"],
  ["HalfStorage", "F16"],
  ["BFloat16Storage", "BF16"],
  ["LongStorage", "I64"],
  ["IntStorage", "I32"],
  ["ShortStorage", "I16"],
  ["CharStorage", "I8"],
  ["ByteStorage", "U8"],
  ["BoolStorage", "BOOL"],
]);

/** By name, `torch.float32`: what untyped storages are read as. */
const dtypes: ReadonlyMap<string, SafetensorsDType> = new Map([
  ["float32", "F32"],
  ["float64", "F64"],
  ["float16", "F16"],
  ["bfloat16", "BF16"],
  ["int64", "I64"],
  ["int32", "I32"],
  ["int16", "I16"],
  ["int8", "I8"],
  ["uint8", "U8"],
  ["uint16", "U16"],
  ["uint32", "U32"],
  ["bool", "BOOL"],
]);

/** Bytes of elements that are not read, but whose storages lie between others. */
const otherBytes: ReadonlyMap<string, number> = new Map([
  ["ComplexFloatStorage", 8],
  ["ComplexDoubleStorage", 16],
  ["QInt8Storage", 1],
  ["QUInt8Storage", 1],
  ["QInt32Storage", 4],
  ["QUInt4x2Storage", 1],
  ["QUInt2x4Storage", 1],
  ["UntypedStorage", 1],
]);

/** Type of a storage's elements; undefined where it is none that is read. */
export function storageDType(type: string): SafetensorsDType | undefined {
  return storages.get(type);
}

/** Type that `torch.NAME` names; undefined where it is none that is read. */
export function namedDType(name: string): SafetensorsDType | undefined {
  return dtypes.get(name);
}

/** Bytes of an element of a storage; undefined for a class that is not known. */
export function storageItemBytes(type: string): number | undefined {
  const dtype = storages.get(type);
  return dtype === undefined ? otherBytes.get(type) : dtypeByteSize(dtype);
}
