// The chunks of a PNG file: length, type, data, CRC, until IEND. Source: https://www.w3.org/TR/png-3/#5DataRep

import { FormatError } from "../../errors.ts";
import { crc32 } from "../crc32.ts";
import { concatenate } from "../source/concatenate.ts";
import { type PngHeader, type PngLimits, parseHeader } from "./header.ts";

/** What of a PNG file matters here; all else (text, colour profiles, transparency, further frames) is left out. */
export interface PngChunks {
  readonly header: PngHeader;
  /** Three bytes per colour; empty where there is none. */
  readonly palette: Uint8Array;
  /** All image data in one piece, still deflated. */
  readonly imageData: Uint8Array;
}

export const signature: Uint8Array = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** Length and type before a chunk's data, CRC behind it. */
const chunkFrameBytes = 12;

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

/** Splits a file into its chunks. Throws FormatError if any is cut short, damaged, misplaced or unknown but needed. */
export function readChunks(bytes: Uint8Array, name: string, limits: PngLimits): PngChunks {
  let header: PngHeader | undefined;
  let palette: Uint8Array = new Uint8Array(0);
  const imageData: Uint8Array[] = [];
  for (const { type, data } of walk(bytes, name)) {
    if (header === undefined) header = readHeader(type, data, name, limits);
    else if (type === "IHDR") throw new FormatError(`${name}: a second IHDR chunk, expected one`);
    else if (type === "PLTE") palette = readPalette(data, palette, name);
    else if (type === "IDAT") imageData.push(data);
    else if (type !== "IEND" && isCritical(type)) {
      throw new FormatError(`${name}: chunk ${type} is unknown, and marked as one that no reader may skip`);
    }
  }
  if (header === undefined || imageData.length === 0) throw new FormatError(`${name}: no image data, expected IDAT`);
  if (header.kind === "palette" && palette.length === 0) throw new FormatError(`${name}: no palette, expected PLTE`);
  return { header, palette, imageData: concatenate(imageData) };
}

function* walk(bytes: Uint8Array, name: string): Generator<Chunk> {
  if (!signature.every((byte, i) => bytes[i] === byte)) throw new FormatError(`${name}: not a PNG file`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = signature.length;
  let type = "the signature";
  while (type !== "IEND") {
    const left = bytes.length - offset;
    if (left < chunkFrameBytes) {
      throw new FormatError(`${name}: the file ends early, got ${left} bytes after ${type}, expected another chunk`);
    }
    const length = view.getUint32(offset);
    type = String.fromCharCode(...bytes.subarray(offset + 4, offset + 8));
    if (!/^[A-Za-z]{4}$/.test(type)) {
      throw new FormatError(
        `${name}: bad chunk type at byte ${offset + 4}, got ${JSON.stringify(type)}, expected four letters`,
      );
    }
    if (length > left - chunkFrameBytes) {
      throw new FormatError(
        `${name}: chunk ${type} leaves the file, got a length of ${length} bytes, expected at most ${left - chunkFrameBytes}`,
      );
    }
    const end = offset + 8 + length;
    if (crc32(bytes.subarray(offset + 4, end)) !== view.getUint32(end)) {
      throw new FormatError(`${name}: chunk ${type} is damaged, its CRC differs`);
    }
    yield { type, data: bytes.subarray(offset + 8, end) };
    offset = end + 4;
  }
}

function readHeader(type: string, data: Uint8Array, name: string, limits: PngLimits): PngHeader {
  if (type !== "IHDR") throw new FormatError(`${name}: chunk ${type} comes first, expected IHDR`);
  if (data.length !== 13) throw new FormatError(`${name}: bad IHDR, got ${data.length} bytes, expected 13`);
  return parseHeader(data, name, limits);
}

function readPalette(data: Uint8Array, earlier: Uint8Array, name: string): Uint8Array {
  if (earlier.length > 0) throw new FormatError(`${name}: a second PLTE chunk, expected one`);
  if (data.length === 0 || data.length > 768 || data.length % 3 !== 0) {
    throw new FormatError(`${name}: bad palette, got ${data.length} bytes, expected 3 for each of 1 to 256 colours`);
  }
  return data;
}

/** An upper-case first letter says that the image cannot be shown without this chunk. */
function isCritical(type: string): boolean {
  return /^[A-Z]/.test(type);
}
