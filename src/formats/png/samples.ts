// From a PNG file to its samples. fast-png undoes filters and interlacing, but would inflate any amount of data, profiles and text
// included, and takes missing data for zeros: so everything is checked first, and it gets a file of checked chunks only.

import { decode } from "fast-png";
import { Unzlib } from "fflate";
import { FormatError } from "../../errors.ts";
import { type PngChunks, readChunks, signature } from "./chunks.ts";
import { inflatedBytes, type PngHeader, type PngLimits } from "./header.ts";

export interface PngSamples {
  readonly header: PngHeader;
  /** One element per sample, unscaled: [height, width, channels]. */
  readonly samples: Uint8Array | Uint16Array;
  /** Three bytes per colour; empty where there is none. */
  readonly palette: Uint8Array;
}

/** Deflate makes nothing smaller than by this factor. */
const largestRatio = 1032;

/** Compressed bytes inflated at a time, so that at most 16 MiB appear before they are counted. */
const pieceBytes = 16384;

/** Reads all samples. Throws FormatError for whatever is no intact PNG image. */
export function readSamples(bytes: Uint8Array, name: string, limits: PngLimits): PngSamples {
  const chunks = readChunks(bytes, name, limits);
  const { header, palette } = chunks;
  if (header.interlaced && header.bitDepth < 8) {
    throw new FormatError(
      `${name}: interlaced with ${header.bitDepth} bits per sample, expected 8 or 16, or no interlacing`,
    );
  }
  checkInflatedSize(chunks, name);
  const { data } = attempt(name, () => decode(minimalFile(bytes, chunks)));
  if (header.bitDepth < 8) return { header, samples: unpack(data, header), palette };
  const samples = data instanceof Uint8ClampedArray ? new Uint8Array(data.buffer, data.byteOffset, data.length) : data;
  return { header, samples, palette };
}

/** Inflates without keeping anything, and stops as soon as there is more than the image can take. */
function checkInflatedSize({ header, imageData }: PngChunks, name: string): void {
  const expected = inflatedBytes(header);
  const fail = (got: string): FormatError =>
    new FormatError(
      `${name}: image data does not fit the image, got ${got}, expected ${expected} for ${header.width} x ${header.height} pixels`,
    );
  if (imageData.length * largestRatio < expected) throw fail(`${imageData.length} compressed bytes`);
  let count = 0;
  const inflater = new Unzlib((piece) => {
    count += piece.length;
    if (count > expected) throw fail(`over ${expected} bytes`);
  });
  attempt(name, () => {
    for (let offset = 0; offset < imageData.length; offset += pieceBytes) {
      inflater.push(imageData.subarray(offset, offset + pieceBytes), false);
    }
    inflater.push(new Uint8Array(0), true);
  });
  if (count < expected) throw fail(`${count} bytes`);
}

function attempt<T>(name: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof FormatError) throw error;
    const got = error instanceof Error ? error.message : String(error);
    throw new FormatError(`${name}: image data is damaged, got "${got}"`);
  }
}

/** Signature, IHDR, IDAT and IEND; CRCs are not written, as they have been checked and fast-png does not ask for them. */
function minimalFile(original: Uint8Array, { imageData }: PngChunks): Uint8Array {
  const headerEnd = signature.length + 12 + 13;
  const file = new Uint8Array(headerEnd + 12 + imageData.length + 12);
  file.set(original.subarray(0, headerEnd));
  const view = new DataView(file.buffer);
  view.setUint32(headerEnd, imageData.length);
  file.set([0x49, 0x44, 0x41, 0x54], headerEnd + 4);
  file.set(imageData, headerEnd + 8);
  file.set([0x49, 0x45, 0x4e, 0x44], file.length - 8);
  return file;
}

/** One byte per sample from rows of packed bits, the leftmost pixel in the high bits. */
function unpack(rows: ArrayLike<number>, { width, height, bitDepth }: PngHeader): Uint8Array {
  const rowBytes = Math.ceil((width * bitDepth) / 8);
  const mask = 2 ** bitDepth - 1;
  const samples = new Uint8Array(width * height);
  for (let h = 0, i = 0; h < height; h++) {
    const end = i + width;
    for (let at = h * rowBytes; i < end; at++) {
      const byte = rows[at]!;
      for (let shift = 8 - bitDepth; shift >= 0 && i < end; shift -= bitDepth) samples[i++] = (byte >> shift) & mask;
    }
  }
  return samples;
}
