// PNG files for tests, built from the specification alone: any kind of pixels, any filter, interlaced or not.

import { deflateSync } from "node:zlib";

export interface PixelSource {
  readonly width: number;
  readonly height: number;
  readonly bitDepth: number;
  /** PNG's number: 0 grey, 2 RGB, 3 palette, 4 grey + alpha, 6 RGBA. */
  readonly colourType: number;
  readonly sample: (row: number, column: number, channel: number) => number;
  /** 0 none, 1 sub, 2 up, 3 average, 4 Paeth, or one for each row in turn. */
  readonly filters?: readonly number[];
  readonly interlaced?: boolean;
  readonly palette?: readonly number[];
}

const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

export const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

export function buildPng(source: PixelSource): Uint8Array {
  const { palette } = source;
  return joinChunks([
    ["IHDR", headerData(source)],
    ...(palette === undefined ? [] : [["PLTE", palette] as const]),
    ["IDAT", deflateSync(rawRows(source))],
    ["IEND", []],
  ]);
}

export function headerData({ width, height, bitDepth, colourType, interlaced = false }: PixelSource): number[] {
  return [...uint32(width), ...uint32(height), bitDepth, colourType, 0, 0, interlaced ? 1 : 0];
}

/** Chunks with correct lengths and CRCs, behind the signature. */
export function joinChunks(chunks: readonly (readonly [string, ArrayLike<number>])[]): Uint8Array {
  const bytes = [...signature];
  for (const [type, data] of chunks) {
    const body = [...Buffer.from(type, "latin1"), ...Array.from(data)];
    bytes.push(...uint32(data.length), ...body, ...uint32(crc(body)));
  }
  return Uint8Array.from(bytes);
}

export function rawRows(source: PixelSource): Uint8Array {
  const passes = source.interlaced ? adam7 : [[0, 0, 1, 1] as const];
  return Uint8Array.from(passes.flatMap(([left, top, across, down]) => passRows(source, left, top, across, down)));
}

function passRows(source: PixelSource, left: number, top: number, across: number, down: number): number[] {
  const { width, height, bitDepth, filters = [0] } = source;
  if (left >= width) return [];
  const bytes: number[] = [];
  const bytesPerPixel = Math.max(1, (channelsOf[source.colourType]! * bitDepth) / 8);
  let above: number[] = [];
  for (let row = top, line = 0; row < height; row += down, line++) {
    const packed = packRow(source, row, left, across);
    const filter = filters[line % filters.length]!;
    bytes.push(
      filter,
      ...packed.map((byte, i) => {
        const a = packed[i - bytesPerPixel] ?? 0;
        const b = above[i] ?? 0;
        const c = above[i - bytesPerPixel] ?? 0;
        return (byte - [0, a, b, (a + b) >> 1, paeth(a, b, c)][filter]!) & 0xff;
      }),
    );
    above = packed;
  }
  return bytes;
}

function packRow(
  { width, bitDepth, colourType, sample }: PixelSource,
  row: number,
  left: number,
  across: number,
): number[] {
  let bits = "";
  for (let column = left; column < width; column += across) {
    for (let channel = 0; channel < channelsOf[colourType]!; channel++) {
      bits += sample(row, column, channel).toString(2).padStart(bitDepth, "0");
    }
  }
  return (bits.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, "0"), 2));
}

function paeth(a: number, b: number, c: number): number {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

export function uint32(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

export function crc(bytes: readonly number[]): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) {
    remainder ^= byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
  }
  return ~remainder >>> 0;
}
