// Decoding the elements of a tensor: raw bytes, or the typed fields of the standard, which hold narrow types in wide numbers.

import { bf16ToF32, f16ToF32 } from "../../half.ts";
import { concatenate } from "../source/concatenate.ts";
import { type ElementType, elementByteSize } from "./element-type.ts";
import type { TensorProto } from "./messages.ts";

/**
 * The values of a tensor: floats that fit as f32, a view of the file's bytes where they lie well, and everything else as
 * numbers, integers beyond 2^53 as the nearest one. Undefined where there are not `count` of them.
 */
export function readElements(
  proto: TensorProto,
  type: ElementType,
  count: number,
): Float32Array | Float64Array | undefined {
  if (proto.rawData) return decodeRaw(proto.rawData, type);
  switch (type) {
    case "f32":
      return exactly(count, decodeRaw(joined(proto.floatData), "f32"));
    case "f64":
      return exactly(count, decodeRaw(joined(proto.doubleData), "f64"));
    case "f16":
      return halves(f16ToF32, readVarints(proto.int32Data, count));
    case "bf16":
      return halves(bf16ToF32, readVarints(proto.int32Data, count));
    case "i64":
      return readVarints(proto.int64Data, count);
    case "u32":
    case "u64":
      return readVarints(proto.uint64Data, count)?.map((value) => (value < 0 ? value + 2 ** 64 : value));
    case "bool":
    case "i8":
    case "u8":
    case "i16":
    case "u16":
    case "i32":
      return readVarints(proto.int32Data, count);
  }
  return type satisfies never;
}

/** Little-endian elements, as raw and external data hold them. */
export function decodeRaw(bytes: Uint8Array, type: ElementType): Float32Array | Float64Array {
  const size = elementByteSize(type);
  // A copy, but not by slice: of Node's Buffer that is a view again.
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  const count = Math.floor(bytes.byteLength / size);
  const { buffer, byteOffset } = aligned;
  switch (type) {
    case "f32":
      return new Float32Array(buffer, byteOffset, count);
    case "f64":
      return new Float64Array(buffer, byteOffset, count);
    case "f16":
      return f16ToF32(new Uint16Array(buffer, byteOffset, count));
    case "bf16":
      return bf16ToF32(new Uint16Array(buffer, byteOffset, count));
    case "i64":
      return Float64Array.from(new BigInt64Array(buffer, byteOffset, count), Number);
    case "u64":
      return Float64Array.from(new BigUint64Array(buffer, byteOffset, count), Number);
    case "i32":
      return Float64Array.from(new Int32Array(buffer, byteOffset, count));
    case "u32":
      return Float64Array.from(new Uint32Array(buffer, byteOffset, count));
    case "i16":
      return Float64Array.from(new Int16Array(buffer, byteOffset, count));
    case "u16":
      return Float64Array.from(new Uint16Array(buffer, byteOffset, count));
    case "i8":
      return Float64Array.from(new Int8Array(buffer, byteOffset, count));
    case "u8":
    case "bool":
      return Float64Array.from(aligned);
  }
  return type satisfies never;
}

function halves(widen: (bits: Uint16Array) => Float32Array, bits: Float64Array | undefined): Float32Array | undefined {
  return bits && widen(Uint16Array.from(bits));
}

function exactly<T extends { readonly length: number }>(count: number, values: T): T | undefined {
  return values.length === count ? values : undefined;
}

function joined(stretches: readonly Uint8Array[]): Uint8Array {
  return stretches.length === 1 ? stretches[0]! : concatenate(stretches);
}

/** Variable-length integers of up to ten bytes, two's complement. Exactly `count`, or undefined. */
function readVarints(stretches: readonly Uint8Array[], count: number): Float64Array | undefined {
  const values = new Float64Array(count);
  let found = 0;
  for (const stretch of stretches) {
    let [value, bits] = [0n, 0n];
    let [low, shift] = [0, 0];
    for (const byte of stretch) {
      // Nearly all numbers are short; BigInt only where 28 bits are not enough.
      if (shift < 28) low |= (byte & 127) << shift;
      else {
        if (shift === 28) [value, bits] = [BigInt(low), 28n];
        value |= BigInt(byte & 127) << bits;
        bits += 7n;
      }
      shift += 7;
      if (byte >= 128) {
        if (shift > 63) return undefined;
        continue;
      }
      if (found === count) return undefined;
      values[found++] = shift <= 28 ? low : Number(BigInt.asIntN(64, value));
      [low, shift] = [0, 0];
    }
    if (shift !== 0) return undefined;
  }
  return found === count ? values : undefined;
}
