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
  readonly data: Float32Array | Uint8Array | BigInt64Array;
}

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
   * Reads one tensor as F32. F16, BF16 and U8 always fit; I64 only where each value does.
   * Throws FormatError if there is no such tensor or a value is no F32.
   */
  async readF32(name: string): Promise<Float32Array> {
    const data = await this.read(name);
    if (data instanceof Float32Array) return data;
    return data instanceof Uint8Array ? Float32Array.from(data) : this.#narrow(name, data);
  }

  /** Reads one tensor: F32, F16 and BF16 as F32; U8 and I64 as they are. Throws FormatError if there is no such tensor. */
  async read(name: string): Promise<Float32Array | Uint8Array | BigInt64Array> {
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
      case "U8":
        return bytes;
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

  #narrow(name: string, values: BigInt64Array): Float32Array {
    const narrowed = Float32Array.from(values, Number);
    const index = narrowed.findIndex((value, i) => BigInt(value) !== values[i]);
    if (index === -1) return narrowed;
    throw new FormatError(
      `${this.name}: tensor ${quote(name)}: element ${index} is no F32 number, got the I64 ${values[index]}`,
    );
  }
}

function isByteSource(origin: Origin | ByteSource): origin is ByteSource {
  return typeof origin === "object" && "read" in origin && "size" in origin && "close" in origin;
}
