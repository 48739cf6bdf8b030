// Writing safetensors files: the same tensors and metadata always give the same bytes, and (but for the order of several metadata
// entries, which it leaves to chance) the bytes that the reference implementation gives.

import { UsageError } from "../../errors.ts";
import { f32ToBf16, f32ToF16 } from "../../half.ts";
import { elementCount, formatShape, type Shape } from "../../tensor.ts";
import { quote } from "../quote.ts";
import { dtypeByteSize, isSupportedDType, type SafetensorsDType, supportedDTypes } from "./dtype.ts";
import { lengthBytes, maxHeaderBytes } from "./header.ts";

/**
 * One tensor to write. Without `dtype`, a Float32Array is stored as F32, a Uint8Array as U8, a BigInt64Array as I64.
 * With it, a Float32Array may be rounded to F16 or BF16, a Uint16Array holds F16 or BF16 bit patterns, and a Uint8Array holds the
 * little-endian bytes of any dtype.
 */
export interface TensorToWrite {
  readonly shape: Shape;
  readonly data: Float32Array | Uint8Array | BigInt64Array | Uint16Array;
  readonly dtype?: SafetensorsDType;
}

interface Encoded {
  readonly name: string;
  readonly dtype: SafetensorsDType;
  readonly shape: Shape;
  readonly bytes: Uint8Array;
}

/**
 * Builds a safetensors file. Tensors are ordered by the alignment of their dtype, then by name, so each is aligned.
 * Rounding to F16 or BF16 goes to nearest, ties to even.
 * Throws UsageError if a shape and its data disagree, a dtype cannot store the data, a finite value would become infinite, or a
 * name is reserved or no Unicode text.
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, TensorToWrite>> | ReadonlyMap<string, TensorToWrite>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const named = tensors instanceof Map ? [...tensors] : Object.entries(tensors);
  const encoded = named.map(([name, tensor]) => encode(name, tensor)).sort(compareTensors);
  const header = new TextEncoder().encode(headerText(encoded, metadata));
  const headerLength = Math.ceil(header.byteLength / 8) * 8;
  if (headerLength > maxHeaderBytes) {
    throw new UsageError(`safetensors: header too long, got ${headerLength} bytes, expected at most ${maxHeaderBytes}`);
  }
  const dataStart = lengthBytes + headerLength;
  const file = new Uint8Array(encoded.reduce((end, { bytes }) => end + bytes.byteLength, dataStart));
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true);
  file.set(header, lengthBytes);
  file.fill(0x20, lengthBytes + header.byteLength, dataStart);
  let offset = dataStart;
  for (const { bytes } of encoded) {
    file.set(bytes, offset);
    offset += bytes.byteLength;
  }
  return file;
}

function headerText(tensors: readonly Encoded[], metadata: Readonly<Record<string, string>> | undefined): string {
  const members: string[] = [];
  if (metadata !== undefined) {
    const pairs = Object.entries(metadata).sort(([a], [b]) => compareCodePoints(a, b));
    members.push(`"__metadata__":{${pairs.map(([key, value]) => metadataMember(key, value)).join(",")}}`);
  }
  let offset = 0;
  for (const { name, dtype, shape, bytes } of tensors) {
    const end = offset + bytes.byteLength;
    members.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [offset, end] })}`);
    offset = end;
  }
  return `{${members.join(",")}}`;
}

function metadataMember(key: string, value: unknown): string {
  checkText("metadata key", key);
  if (typeof value !== "string") {
    throw new UsageError(`safetensors: metadata ${quote(key)}, got a ${typeof value}, expected a string`);
  }
  checkText(`metadata ${quote(key)}`, value);
  return `${JSON.stringify(key)}:${JSON.stringify(value)}`;
}

function encode(name: string, tensor: TensorToWrite): Encoded {
  const where = `safetensors: tensor ${quote(name)}`;
  checkText("tensor name", name);
  if (name === "__metadata__") throw new UsageError(`${where}: the name is reserved by the format`);
  const { shape, data } = tensor;
  const dtype = tensor.dtype ?? defaultDType(where, data);
  if (!isSupportedDType(dtype)) {
    throw new UsageError(
      `${where}: unsupported dtype, got ${quote(String(dtype))}, expected one of ${supportedDTypes}`,
    );
  }
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new UsageError(`${where}: bad shape, got ${formatShape(shape)}, expected integers from 0`);
  }
  const bytes = encodeData(where, data, dtype);
  const expected = elementCount(shape) * dtypeByteSize(dtype);
  if (bytes.byteLength !== expected) {
    throw new UsageError(
      `${where}: shape and data disagree, got ${bytes.byteLength} bytes, expected ${expected} for ${dtype} ${formatShape(shape)}`,
    );
  }
  return { name, dtype, shape, bytes };
}

function defaultDType(where: string, data: TensorToWrite["data"]): SafetensorsDType {
  if (data instanceof Float32Array) return "F32";
  if (data instanceof Uint8Array) return "U8";
  if (data instanceof BigInt64Array) return "I64";
  throw new UsageError(`${where}: dtype is missing for 16-bit patterns, expected F16 or BF16`);
}

function encodeData(where: string, data: TensorToWrite["data"], dtype: SafetensorsDType): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (data instanceof Float32Array && dtype === "F16") return narrowed(where, data, dtype, f32ToF16(data), 0x7c00);
  if (data instanceof Float32Array && dtype === "BF16") return narrowed(where, data, dtype, f32ToBf16(data), 0x7f80);
  const isHalf = data instanceof Uint16Array && (dtype === "F16" || dtype === "BF16");
  if (!isHalf && (data instanceof Uint16Array || defaultDType(where, data) !== dtype)) {
    throw new UsageError(`${where}: ${dtype} cannot store this data, got a ${data.constructor.name}`);
  }
  return bytesOf(data);
}

/** Weights that overflow on the way to disk are a fault that nobody would find later. */
function narrowed(
  where: string,
  values: Float32Array,
  dtype: SafetensorsDType,
  halves: Uint16Array,
  infinity: number,
): Uint8Array {
  const index = halves.findIndex((bits, i) => (bits & 0x7fff) === infinity && Number.isFinite(values[i]));
  if (index === -1) return bytesOf(halves);
  throw new UsageError(`${where}: element ${index} does not fit ${dtype}, got ${values[index]}`);
}

function bytesOf(data: Float32Array | BigInt64Array | Uint16Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function checkText(what: string, text: string): void {
  if (/\p{Surrogate}/u.test(text)) throw new UsageError(`safetensors: ${what} is no Unicode text, got ${quote(text)}`);
}

/** The reference implementation's order of dtypes, larger alignment first. */
const dtypeOrder: readonly SafetensorsDType[] = ["I64", "F32", "BF16", "F16", "U8"];

function compareTensors(a: Encoded, b: Encoded): number {
  return dtypeOrder.indexOf(a.dtype) - dtypeOrder.indexOf(b.dtype) || compareCodePoints(a.name, b.name);
}

/** Orders as UTF-8 bytes do; `<` on strings orders UTF-16 units, which differs beyond U+FFFF. */
function compareCodePoints(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return (a.codePointAt(at) ?? -1) - (b.codePointAt(at) ?? -1);
}
