// PyTorch's checkpoints: the pickle at once, each tensor when it is asked for.

import { FormatError } from "../../errors.ts";
import { elementCount, formatShape } from "../../tensor.ts";
import { quote } from "../quote.ts";
import { dtypeByteSize, type SafetensorsDType, supportedDTypes } from "../safetensors/dtype.ts";
import { requireModelIn } from "../source/foreign.ts";
import type { ByteSource } from "../source/source.ts";
import { type TensorEntry, TensorFile } from "../tensor-file.ts";
import { readArchive } from "./archive.ts";
import { storageItemBytes } from "./dtype.ts";
import { readLegacy } from "./legacy.ts";
import { stateDict } from "./state-dict.ts";
import type { SavedObject } from "./storages.ts";
import { extentOf, gather, isContiguous, type StridedView } from "./strided.ts";
import type { TensorRef } from "./values.ts";

/** Reads what a checkpoint holds; no tensor yet. Throws FormatError. Does not close the source. */
export async function readCheckpointFile(source: ByteSource): Promise<PytorchFile> {
  try {
    const start = await source.read(0, Math.min(4, source.size));
    const isZip = start[0] === 0x50 && start[1] === 0x4b;
    const isPickle = start[0] === 0x80;
    if (!isZip && !isPickle) {
      await requireModelIn(source);
      throw new FormatError(`${source.name}: is no checkpoint of PyTorch, expected a zip archive or a pickle`);
    }
    const saved = isZip ? await readArchive(source) : await readLegacy(source);
    return new PytorchFile(source, saved, stateDict(saved.value, source.name));
  } catch (error) {
    // Of a map or list that is larger than this process can hold.
    if (!(error instanceof RangeError)) throw error;
    throw new FormatError(`${source.name}: holds more than this process can read, got ${error.message}`);
  }
}

interface Placed extends TensorEntry {
  readonly view: StridedView;
  readonly key: string;
}

/** An open checkpoint: the tensors of its state_dict. */
export class PytorchFile extends TensorFile {
  readonly name: string;
  /** A checkpoint has none: nothing that it says beside its tensors is kept. */
  readonly metadata: Readonly<Record<string, string>> = Object.freeze({});
  readonly entries: ReadonlyMap<string, Placed>;
  readonly #source: ByteSource;
  readonly #locate: SavedObject["locate"];

  /** Use `openPytorch`. */
  constructor(source: ByteSource, { locate }: SavedObject, tensors: ReadonlyMap<string, TensorRef>) {
    super();
    this.name = source.name;
    this.entries = new Map([...tensors].map(([name, tensor]) => [name, placed(name, tensor, source)]));
    this.#source = source;
    this.#locate = locate;
  }

  async readRaw(name: string): Promise<Uint8Array> {
    const { view, key, byteLength } = this.entry(name) as Placed;
    if (byteLength === 0) return new Uint8Array(0);
    const place = await this.#locate(key);
    const { first, count } = extentOf(view);
    const [offset, length] = [first * view.itemBytes, count * view.itemBytes];
    if (offset + length > place.byteLength) {
      throw new FormatError(
        `${this.name}: tensor ${quote(name)} leaves its storage, got last byte ${offset + length}, expected at most ${place.byteLength}`,
      );
    }
    const bytes = await this.#source.read(place.offset + offset, length);
    if (!isContiguous(view)) return gather(bytes, view);
    return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
  }

  close(): Promise<void> {
    return this.#source.close();
  }
}

/** Checks a tensor against its storage. Throws FormatError for types that are not read, and for views that leave it. */
function placed(name: string, tensor: TensorRef, { name: file, size }: ByteSource): Placed {
  const where = `${file}: tensor ${quote(name)}`;
  const { storage, shape } = tensor;
  const dtype = requireDType(where, tensor);
  const itemBytes = dtypeByteSize(dtype);
  const view = { shape, strides: tensor.strides, offset: tensor.offset + storage.start, itemBytes };
  const byteLength = elementCount(shape) * itemBytes;
  // A stride of 0 makes any number of elements out of one.
  if (!(byteLength <= size)) {
    throw new FormatError(
      `${where}: ${formatShape(shape)} is larger than the file, got ${byteLength} bytes, expected at most ${size}`,
    );
  }
  const { first, count } = extentOf(view);
  const stored = (storage.start + storage.elements) * (storageItemBytes(storage.type) ?? itemBytes);
  if ((first + count) * itemBytes > stored) {
    throw new FormatError(
      `${where}: leaves its storage, got last byte ${(first + count) * itemBytes}, expected at most ${stored}`,
    );
  }
  return { name, dtype, shape, byteLength, view, key: storage.key };
}

function requireDType(where: string, { dtype, dtypeName }: TensorRef): SafetensorsDType {
  if (dtype !== undefined) return dtype;
  throw new FormatError(`${where}: unsupported type, got ${quote(dtypeName)}, expected one of ${supportedDTypes}`);
}
