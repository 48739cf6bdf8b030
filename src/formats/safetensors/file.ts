// Reading safetensors files: the header at once, each tensor when it is asked for.

import { FormatError } from "../../errors.ts";
import { bf16ToF32, f16ToF32 } from "../../half.ts";
import type { Shape } from "../../tensor.ts";
import { quote } from "../quote.ts";
import { type ByteSource, type Origin, openSource } from "../source/source.ts";
import type { SafetensorsDType } from "./dtype.ts";
import { type FileHeader, readHeader, type TensorEntry } from "./header.ts";

/** One tensor in memory. F16 and BF16 are widened to F32, which is exact; `dtype` tells how the file stores it. */
export interface LoadedTensor {
  readonly dtype: SafetensorsDType;
  readonly shape: Shape;
  readonly data: LoadedData;
}

/** F16 and BF16 come as F32, I64 as it is, all others by their bytes. */
type LoadedData = Float32Array | Uint8Array | BigInt64Array;

/**
 * Opens a safetensors file and checks its whole header; no tensor is read yet. A `ByteSource` that is passed in belongs to the
 * file from then on, and is closed with it or when this throws.
 * Throws FormatError that names the file, and the tensor or field.
 */
export async function openSafetensors(origin: Origin | ByteSource): Promise<SafetensorsFile> {
  const source = isByteSource(origin) ? origin : await openSource(origin);
  try {
    return new SafetensorsFile(source, await readHeader(source));
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** Reads a whole safetensors file. Throws as `openSafetensors` does. */
export async function readSafetensors(
  origin: Origin | ByteSource,
): Promise<{ metadata: Readonly<Record<string, string>>; tensors: Map<string, LoadedTensor> }> {
  const file = await openSafetensors(origin);
  try {
    const tensors = new Map<string, LoadedTensor>();
    for (const { name, dtype, shape } of file.entries.values()) {
      tensors.set(name, { dtype, shape, data: await file.read(name) });
    }
    return { metadata: file.metadata, tensors };
  } finally {
    await file.close();
  }
}

/** An open safetensors file. */
export class SafetensorsFile {
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of their bytes in the file. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
  readonly #source: ByteSource;

  /** Use `openSafetensors`. */
  constructor(source: ByteSource, header: FileHeader) {
    this.name = source.name;
    this.metadata = header.metadata;
    this.entries = header.entries;
    this.#source = source;
  }

  /**
   * Reads one tensor as F32. F16, BF16 and small integers always fit; I32, U32, I64 and F64 only where each value does.
   * Throws FormatError if there is no such tensor or a value is no F32.
   */
  async readF32(name: string): Promise<Float32Array> {
    const data = await this.read(name);
    if (data instanceof Float32Array) return data;
    if (this.#entry(name).dtype === "U8") return Float32Array.from<number | bigint>(data, Number);
    return this.#narrow(name, data instanceof BigInt64Array ? data : await this.readNumbers(name));
  }

  /** Reads one tensor: F32, F16 and BF16 as F32; I64 as it is; others by their bytes. Throws FormatError if there is no such tensor. */
  async read(name: string): Promise<LoadedData> {
    const bytes = await this.readRaw(name);
    const { dtype } = this.#entry(name);
    const { buffer } = bytes;
    switch (dtype) {
      case "F32":
        return new Float32Array(buffer);
      case "F16":
        return f16ToF32(new Uint16Array(buffer));
      case "BF16":
        return bf16ToF32(new Uint16Array(buffer));
      case "I64":
        return new BigInt64Array(buffer);
      default:
        return bytes;
    }
  }

  /** Reads one tensor as numbers of f64, which hold all but large I64. Throws FormatError if there is no such tensor. */
  async readNumbers(name: string): Promise<Float64Array> {
    const { dtype } = this.#entry(name);
    const data = await this.read(name);
    const { buffer } = data;
    switch (dtype) {
      case "F32":
      case "F16":
      case "BF16":
      case "U8":
      case "I64":
        return Float64Array.from<number | bigint>(data, Number);
      case "I32":
        return Float64Array.from(new Int32Array(buffer));
      case "U32":
        return Float64Array.from(new Uint32Array(buffer));
      case "I16":
        return Float64Array.from(new Int16Array(buffer));
      case "U16":
        return Float64Array.from(new Uint16Array(buffer));
      case "I8":
        return Float64Array.from(new Int8Array(buffer));
      case "BOOL":
        return Float64Array.from<number | bigint>(data, (byte) => (Number(byte) === 0 ? 0 : 1));
      case "F64":
        return new Float64Array(buffer);
    }
    dtype satisfies never;
  }

  get halfNames(): string[] {
    return [...this.entries.values()].filter(({ dtype }) => dtype === "F16").map(({ name }) => name);
  }

  /** Reads one tensor of F16 by its bits. Throws FormatError if there is no such tensor. */
  async readF16(name: string): Promise<Uint16Array> {
    const bytes = await this.readRaw(name);
    return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
  }

  /** Reads the bytes of one tensor, little-endian as in the file. Throws FormatError if there is no such tensor. */
  async readRaw(name: string): Promise<Uint8Array> {
    const { offset, byteLength } = this.#entry(name);
    const bytes = await this.#source.read(offset, byteLength);
    // A copy where the source hands out views; not by slice, which on Node's Buffer is a view again.
    return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
  }

  /** Closes the file; later reads throw UsageError. */
  close(): Promise<void> {
    return this.#source.close();
  }

  #entry(name: string): TensorEntry {
    const entry = this.entries.get(name);
    if (entry !== undefined) return entry;
    throw new FormatError(`${this.name}: no tensor ${quote(name)}, the file has ${this.entries.size} others`);
  }

  #narrow(name: string, values: BigInt64Array | Float64Array): Float32Array {
    const narrowed = Float32Array.from<number | bigint>(values, Number);
    const isSame = (value: number, i: number) =>
      values instanceof BigInt64Array ? BigInt(value) === values[i] : Object.is(value, values[i]);
    const index = narrowed.findIndex((value, i) => !isSame(value, i));
    if (index === -1) return narrowed;
    throw new FormatError(
      `${this.name}: tensor ${quote(name)}: element ${index} is no F32 number, got the ${this.#entry(name).dtype} ${values[index]}`,
    );
  }
}

function isByteSource(origin: Origin | ByteSource): origin is ByteSource {
  return typeof origin === "object" && "read" in origin && "size" in origin && "close" in origin;
}
