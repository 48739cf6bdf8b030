// The header of a safetensors file: eight bytes of length, JSON, then the tensors' bytes without a gap. Everything is checked here,
// before any tensor is read, by the rules of the reference implementation.
// Source: https://github.com/huggingface/safetensors (README, "Format"; safetensors/src/tensor.rs, read_metadata and validate).

import { FormatError } from "../../errors.ts";
import { formatShape } from "../../tensor.ts";
import { quote } from "../quote.ts";
import { requireModelIn } from "../source/foreign.ts";
import type { ByteSource } from "../source/source.ts";
import type { TensorEntry } from "../tensor-file.ts";
import { dtypeByteSize, isSupportedDType, supportedDTypes } from "./dtype.ts";
import { type HeaderTensor, parseHeader } from "./header-json.ts";

/** Where one tensor lies. */
export interface PlacedEntry extends TensorEntry {
  /** First byte, counted from the start of the file. */
  readonly offset: number;
}

export interface FileHeader {
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of their bytes. */
  readonly entries: ReadonlyMap<string, PlacedEntry>;
}

/** The reference implementation's own limit. */
export const maxHeaderBytes = 100_000_000;

/** Bytes of the header's length, before the header. */
export const lengthBytes = 8;

/** Reads and checks a header. Throws FormatError that names the file, and the tensor or field. */
export async function readHeader(source: ByteSource): Promise<FileHeader> {
  const length = await readHeaderLength(source);
  const bytes = await source.read(lengthBytes, length);
  if (bytes[0] !== "{".charCodeAt(0)) await requireModelIn(source);
  const { metadata, tensors } = parseHeader(decodeUtf8(bytes, source.name), source.name);
  return { metadata, entries: layOut(tensors, source, lengthBytes + length) };
}

async function readHeaderLength(source: ByteSource): Promise<number> {
  const { name, size } = source;
  if (size < lengthBytes) {
    throw new FormatError(`${name}: too short for safetensors, got ${size} bytes, expected at least ${lengthBytes}`);
  }
  const start = await source.read(0, lengthBytes);
  const length = new DataView(start.buffer, start.byteOffset, lengthBytes).getBigUint64(0, true);
  const room = size - lengthBytes;
  if (length > BigInt(Math.min(maxHeaderBytes, room))) {
    await requireModelIn(source);
  }
  if (length > BigInt(maxHeaderBytes)) {
    throw new FormatError(
      `${name}: not a safetensors file, got a header of ${length} bytes, expected at most ${maxHeaderBytes}`,
    );
  }
  if (length > BigInt(room)) {
    throw new FormatError(
      `${name}: header leaves the file, got a length of ${length} bytes, expected at most the ${room} that follow it`,
    );
  }
  return Number(length);
}

function decodeUtf8(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new FormatError(`${file}: header is not UTF-8 text`);
  }
}

/** Checks that the tensors tile the bytes after the header: none overlaps, no gap, nothing left over. */
function layOut(tensors: readonly HeaderTensor[], source: ByteSource, dataStart: number): Map<string, PlacedEntry> {
  const file = source.name;
  const dataBytes = source.size - dataStart;
  const entries = new Map<string, PlacedEntry>();
  let end = 0;
  let previous = "the header";
  for (const tensor of [...tensors].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    const entry = checkTensor(tensor, file, dataBytes, dataStart);
    if (tensor.begin !== end) {
      const fault = tensor.begin < end ? "overlaps" : "leaves a gap after";
      throw new FormatError(
        `${file}: tensor ${quote(tensor.name)} ${fault} ${previous}, got first byte ${tensor.begin}, expected ${end}`,
      );
    }
    entries.set(tensor.name, entry);
    end = tensor.end;
    previous = `tensor ${quote(tensor.name)}`;
  }
  if (end !== dataBytes) {
    throw new FormatError(
      `${file}: bytes that belong to no tensor, got ${dataBytes} after the header, expected ${end}`,
    );
  }
  return entries;
}

function checkTensor(tensor: HeaderTensor, file: string, dataBytes: number, dataStart: number): PlacedEntry {
  const { name, dtype, shape, begin, end } = tensor;
  const where = `${file}: tensor ${quote(name)}`;
  if (!isSupportedDType(dtype)) {
    throw new FormatError(`${where}: unsupported dtype, got ${quote(dtype)}, expected one of ${supportedDTypes}`);
  }
  if (end < begin) throw new FormatError(`${where}: ends before it begins, got data_offsets [${begin}, ${end}]`);
  if (end > dataBytes) {
    throw new FormatError(`${where}: leaves the file, got last byte ${end}, expected at most ${dataBytes}`);
  }
  let count = 1;
  for (const size of shape) {
    count *= size;
    if (!Number.isSafeInteger(count)) {
      throw new FormatError(`${where}: too many elements, got shape ${formatShape(shape)}, expected fewer than 2^53`);
    }
  }
  // Exact even where it is no safe integer: the factor is a power of two.
  const byteLength = count * dtypeByteSize(dtype);
  if (byteLength !== end - begin) {
    throw new FormatError(
      `${where}: shape and bytes disagree, got ${end - begin} bytes, expected ${byteLength} for ${dtype} ${formatShape(shape)}`,
    );
  }
  return { name, dtype, shape, offset: dataStart + begin, byteLength };
}
