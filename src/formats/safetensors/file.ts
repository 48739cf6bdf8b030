// Reading safetensors files: the header at once, each tensor when it is asked for.

import type { Shape } from "../../tensor.ts";
import { type ByteSource, isByteSource, type Origin, openSource } from "../source/source.ts";
import { type LoadedData, TensorFile } from "../tensor-file.ts";
import type { SafetensorsDType } from "./dtype.ts";
import { type FileHeader, type PlacedEntry, readHeader } from "./header.ts";

/** One tensor in memory. F16 and BF16 are widened to F32, which is exact; `dtype` tells how the file stores it. */
export interface LoadedTensor {
  readonly dtype: SafetensorsDType;
  readonly shape: Shape;
  readonly data: LoadedData;
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
export class SafetensorsFile extends TensorFile {
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of their bytes in the file. */
  readonly entries: ReadonlyMap<string, PlacedEntry>;
  readonly #source: ByteSource;

  /** Use `openSafetensors`. */
  constructor(source: ByteSource, header: FileHeader) {
    super();
    this.name = source.name;
    this.metadata = header.metadata;
    this.entries = header.entries;
    this.#source = source;
  }

  async readRaw(name: string): Promise<Uint8Array> {
    const { byteLength } = this.entry(name);
    const bytes = await this.#source.read(this.entries.get(name)!.offset, byteLength);
    // A copy where the source hands out views; not by slice, which on Node's Buffer is a view again.
    return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}
