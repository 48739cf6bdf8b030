// IHDR: size and kind of a PNG image, and how many bytes its pixels take. Source: https://www.w3.org/TR/png-3/#11IHDR

import { FormatError } from "../../errors.ts";

export interface PngLimits {
  /** Largest width and height in pixels; 16384 unless given. */
  readonly maxSide?: number;
  /** Most pixels of an image, 2^26 (8192 x 8192) unless given: their grey values take 256 MiB. */
  readonly maxPixels?: number;
}

export type BitDepth = 1 | 2 | 4 | 8 | 16;

/** What one pixel is made of. */
export type PixelKind = "grey" | "rgb" | "palette" | "grey+alpha" | "rgba";

export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** Bits per sample. */
  readonly bitDepth: BitDepth;
  readonly kind: PixelKind;
  /** Samples per pixel. */
  readonly channels: 1 | 2 | 3 | 4;
  readonly interlaced: boolean;
}

/** By PNG's colour type. */
const kinds: Readonly<Record<number, { kind: PixelKind; channels: 1 | 2 | 3 | 4; depths: readonly BitDepth[] }>> = {
  0: { kind: "grey", channels: 1, depths: [1, 2, 4, 8, 16] },
  2: { kind: "rgb", channels: 3, depths: [8, 16] },
  3: { kind: "palette", channels: 1, depths: [1, 2, 4, 8] },
  4: { kind: "grey+alpha", channels: 2, depths: [8, 16] },
  6: { kind: "rgba", channels: 4, depths: [8, 16] },
};

/** Reads the 13 bytes of IHDR. Throws FormatError that names the field. */
export function parseHeader(bytes: Uint8Array, name: string, limits: PngLimits): PngHeader {
  const { maxSide = 16384, maxPixels = 2 ** 26 } = limits;
  const fail = (field: string, got: number, expected: string): FormatError =>
    new FormatError(`${name}: bad ${field}, got ${got}, expected ${expected}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const side = (field: string, offset: number): number => {
    const pixels = view.getUint32(offset);
    if (pixels < 1 || pixels > maxSide) throw fail(field, pixels, `1 to ${maxSide} pixels`);
    return pixels;
  };
  const width = side("width", 0);
  const height = side("height", 4);
  if (width * height > maxPixels) {
    throw new FormatError(
      `${name}: too large, got ${width} x ${height} = ${width * height} pixels, expected at most ${maxPixels}`,
    );
  }
  const [depth, colourType, compression, filter, interlace] = [...bytes.subarray(8, 13)];
  const found = kinds[colourType!];
  if (found === undefined) throw fail("colour type", colourType!, "0, 2, 3, 4 or 6");
  const bitDepth = found.depths.find((allowed) => allowed === depth);
  if (bitDepth === undefined) throw fail(`bit depth of ${found.kind} pixels`, depth!, found.depths.join(", "));
  if (compression !== 0) throw fail("compression method", compression!, "0");
  if (filter !== 0) throw fail("filter method", filter!, "0");
  if (interlace !== 0 && interlace !== 1) throw fail("interlace method", interlace!, "0 or 1");
  return { width, height, bitDepth, kind: found.kind, channels: found.channels, interlaced: interlace === 1 };
}

/** First column and row of each Adam7 pass, and the steps between its columns and rows. */
const passes = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Bytes that the image data must inflate to: each row packed, one filter byte in front. */
export function inflatedBytes({ width, height, bitDepth, channels, interlaced }: PngHeader): number {
  const block = (columns: number, rows: number): number =>
    columns === 0 ? 0 : rows * (1 + Math.ceil((columns * channels * bitDepth) / 8));
  if (!interlaced) return block(width, height);
  const count = (size: number, first: number, step: number): number => Math.max(0, Math.ceil((size - first) / step));
  return passes.reduce(
    (sum, [left, top, across, down]) => sum + block(count(width, left, across), count(height, top, down)),
    0,
  );
}
