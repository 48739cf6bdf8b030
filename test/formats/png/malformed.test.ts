import { deflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { FormatError } from "../../../src/errors.ts";
import { readLabelPng, readPng, readPngSize } from "../../../src/formats/png/index.ts";
import { createRandom } from "../../support/random.ts";
import { buildPng, crc, headerData, joinChunks, type PixelSource, rawRows, signature, uint32 } from "./build.ts";

const source: PixelSource = {
  width: 4,
  height: 3,
  bitDepth: 8,
  colourType: 0,
  sample: (row, column) => row * 4 + column,
};
const indexed: PixelSource = { ...source, colourType: 3, palette: [0, 0, 0, 255, 255, 255], sample: (row) => row };
const good = buildPng(source);
const image = deflateSync(rawRows(source));
const header = headerData(source);

/** IHDR with one byte changed. */
function headerWith(index: number, ...values: number[]): Uint8Array {
  const data = [...header];
  data.splice(index, values.length, ...values);
  return joinChunks([
    ["IHDR", data],
    ["IDAT", image],
    ["IEND", []],
  ]);
}

/** The good file with other image data. */
const withData = (data: Uint8Array) =>
  joinChunks([
    ["IHDR", header],
    ["IDAT", data],
    ["IEND", []],
  ]);
const flipped = (at: number) => good.map((byte, i) => (i === at ? byte ^ 1 : byte));
const fit = "image data does not fit the image, got";

const malformed: readonly [string, Uint8Array, string][] = [
  ["no byte", new Uint8Array(0), "not a PNG file"],
  ["another format", Uint8Array.from(Buffer.from("GIF89a and so on")), "not a PNG file"],
  ["line ends that were converted", good.filter((_, i) => i !== 4), "not a PNG file"],
  [
    "the signature alone",
    Uint8Array.from(signature),
    "the file ends early, got 0 bytes after the signature, expected another chunk",
  ],
  ["no IEND", good.subarray(0, -12), "the file ends early, got 0 bytes after IDAT, expected another chunk"],
  ["half of IEND", good.subarray(0, -5), "the file ends early, got 7 bytes after IDAT, expected another chunk"],
  [
    "half of IDAT",
    good.subarray(0, 50),
    `chunk IDAT leaves the file, got a length of ${image.length} bytes, expected at most 5`,
  ],
  [
    "a chunk of 4 GB",
    Uint8Array.from([...signature, 255, 255, 255, 255, ...good.subarray(12)]),
    `chunk IHDR leaves the file, got a length of 4294967295 bytes, expected at most ${good.length - 20}`,
  ],
  [
    "a chunk type that is no text",
    flipped(12).map((byte, i) => (i === 12 ? 0 : byte)),
    'bad chunk type at byte 12, got "\\u0000HDR", expected four letters',
  ],
  ["a damaged width", flipped(19), "chunk IHDR is damaged, its CRC differs"],
  ["damaged image data", flipped(45), "chunk IDAT is damaged, its CRC differs"],
  ["a damaged CRC", flipped(good.length - 1), "chunk IEND is damaged, its CRC differs"],
  [
    "no IHDR",
    joinChunks([
      ["IDAT", image],
      ["IEND", []],
    ]),
    "chunk IDAT comes first, expected IHDR",
  ],
  [
    "a short IHDR",
    joinChunks([
      ["IHDR", header.slice(0, 12)],
      ["IEND", []],
    ]),
    "bad IHDR, got 12 bytes, expected 13",
  ],
  [
    "two IHDR",
    joinChunks([
      ["IHDR", header],
      ["IHDR", header],
      ["IDAT", image],
      ["IEND", []],
    ]),
    "a second IHDR chunk, expected one",
  ],
  [
    "no IDAT",
    joinChunks([
      ["IHDR", header],
      ["IEND", []],
    ]),
    "no image data, expected IDAT",
  ],
  [
    "an unknown chunk that may not be skipped",
    joinChunks([
      ["IHDR", header],
      ["ABCD", []],
      ["IDAT", image],
      ["IEND", []],
    ]),
    "chunk ABCD is unknown, and marked as one that no reader may skip",
  ],
  ["no width", headerWith(0, 0, 0, 0, 0), "bad width, got 0, expected 1 to 16384 pixels"],
  ["a width too large", headerWith(0, 0, 0, 0x40, 1), "bad width, got 16385, expected 1 to 16384 pixels"],
  ["a height of 4 G", headerWith(4, 255, 255, 255, 255), "bad height, got 4294967295, expected 1 to 16384 pixels"],
  ["3 bits", headerWith(8, 3), "bad bit depth of grey pixels, got 3, expected 1, 2, 4, 8, 16"],
  ["RGB with 4 bits", headerWith(8, 4, 2), "bad bit depth of rgb pixels, got 4, expected 8, 16"],
  ["colour type 5", headerWith(9, 5), "bad colour type, got 5, expected 0, 2, 3, 4 or 6"],
  ["another compression", headerWith(10, 1), "bad compression method, got 1, expected 0"],
  ["another filter method", headerWith(11, 64), "bad filter method, got 64, expected 0"],
  ["another interlacing", headerWith(12, 2), "bad interlace method, got 2, expected 0 or 1"],
  [
    "interlaced bits",
    buildPng({ ...source, bitDepth: 1, interlaced: true, sample: () => 1 }),
    "interlaced with 1 bits per sample, expected 8 or 16, or no interlacing",
  ],
  ["no image data in IDAT", withData(new Uint8Array(0)), `${fit} 0 compressed bytes, expected 15 for 4 x 3 pixels`],
  [
    "a size that the data cannot fill",
    headerWith(0, 0, 0, 0x20, 0, 0, 0, 0x20, 0),
    `${fit} ${image.length} compressed bytes, expected 67117056 for 8192 x 8192 pixels`,
  ],
  [
    "more pixels than memory is for, though a small file holds them",
    headerWith(0, 0, 0, 0x40, 0, 0, 0, 0x40, 0, 1),
    "too large, got 16384 x 16384 = 268435456 pixels, expected at most 67108864",
  ],
  ["a row too few", headerWith(4, ...uint32(4)), `${fit} 15 bytes, expected 20 for 4 x 4 pixels`],
  ["a row too many", headerWith(4, ...uint32(2)), `${fit} over 10 bytes, expected 10 for 4 x 2 pixels`],
  [
    "a deflate bomb",
    withData(deflateSync(new Uint8Array(8_000_000))),
    `${fit} over 15 bytes, expected 15 for 4 x 3 pixels`,
  ],
  [
    "image data without its last byte",
    withData(deflateSync(rawRows(source).subarray(0, 14))),
    `${fit} 14 bytes, expected 15 for 4 x 3 pixels`,
  ],
  [
    "a filter that does not exist",
    withData(deflateSync(rawRows(source).map((byte, i) => (i === 5 ? 7 : byte)))),
    'image data is damaged, got "Unsupported filter: 7"',
  ],
  ["image data that is not deflated", withData(rawRows(source)), 'image data is damaged, got "invalid zlib data"'],
  [
    "a block type that does not exist",
    withData(Uint8Array.of(0x78, 0x9c, 7, 0, 0, 0, 0, 0, 0)),
    'image data is damaged, got "invalid block type"',
  ],
  [
    "no palette",
    joinChunks([
      ["IHDR", headerData(indexed)],
      ["IDAT", image],
      ["IEND", []],
    ]),
    "no palette, expected PLTE",
  ],
  [
    "an empty palette",
    buildPng({ ...indexed, palette: [] }),
    "bad palette, got 0 bytes, expected 3 for each of 1 to 256 colours",
  ],
  [
    "half a colour",
    buildPng({ ...indexed, palette: [1, 2, 3, 4] }),
    "bad palette, got 4 bytes, expected 3 for each of 1 to 256 colours",
  ],
  [
    "257 colours",
    buildPng({ ...indexed, palette: Array(771).fill(0) }),
    "bad palette, got 771 bytes, expected 3 for each of 1 to 256 colours",
  ],
  [
    "a colour that the palette lacks",
    buildPng(indexed),
    "row 2, column 0 is not in the palette, got colour 2, expected below 2",
  ],
];

test.each(malformed)("refuses %s", (_, bytes, message) => {
  for (const read of [readPng, readLabelPng]) {
    expect(() => read(bytes, "a.png")).toThrow(new FormatError(`a.png: ${message}`));
  }
});

test("limits may be narrower", () => {
  expect(readPng(good, "a.png", { maxSide: 4 }).width).toBe(4);
  expect(() => readPng(good, "a.png", { maxSide: 3 })).toThrow("a.png: bad width, got 4, expected 1 to 3 pixels");
  expect(readPng(good, "a.png", { maxPixels: 12 }).width).toBe(4);
  const tooLarge = "a.png: too large, got 4 x 3 = 12 pixels, expected at most 11";
  for (const read of [readPng, readLabelPng, readPngSize]) {
    expect(() => read(good, "a.png", { maxPixels: 11 })).toThrow(new FormatError(tooLarge));
  }
});

test("what does not concern the pixels is passed over: text, profiles, transparency, what follows IEND", () => {
  const bomb = [...Buffer.from("icc\0\0", "latin1"), ...deflateSync(new Uint8Array(8_000_000))];
  const half = image.length >> 1;
  const png = joinChunks([
    ["IHDR", header],
    ["iCCP", bomb],
    ["tEXt", Buffer.from("no end of keyword")],
    ["tRNS", [1]],
    ["IDAT", image.subarray(0, half)],
    ["IDAT", new Uint8Array(0)],
    ["IDAT", image.subarray(half)],
    ["IEND", []],
    ["junk", [1, 2, 3]],
  ]);
  expect([...readPng(png, "a.png").data]).toEqual(Array.from({ length: 12 }, (_, i) => i));
});

test("600 damaged copies are read, or refused with FormatError", () => {
  const random = createRandom(11);
  const originals = [good, buildPng(indexed), buildPng({ ...source, colourType: 6, bitDepth: 16, interlaced: true })];
  let refused = 0;
  for (let round = 0; round < 600; round++) {
    const bytes = damage(originals[round % originals.length]!, random);
    try {
      readPng(bytes, "a.png");
    } catch (error) {
      if (!(error instanceof FormatError)) throw new Error(`round ${round}`, { cause: error });
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(300);
  expect(refused).toBeLessThan(600);
});

/** Flips, drops and repeats bytes; mostly mends the CRCs, so that what lies behind that check is reached. */
function damage(original: Uint8Array, random: () => number): Uint8Array {
  const pick = (count: number) => Math.floor(random() * count);
  const bytes = [...original];
  for (let edits = 1 + pick(3); edits > 0; edits--) {
    const at = 8 + pick(bytes.length - 8);
    const kind = random();
    if (kind < 0.8) bytes[at]! ^= 1 << pick(8);
    else if (kind < 0.9) bytes.splice(at, 1 + pick(4));
    else bytes.splice(at, 0, ...bytes.slice(at, at + pick(8)));
  }
  if (random() < 0.9) mendCrcs(bytes);
  return Uint8Array.from(bytes);
}

function mendCrcs(bytes: number[]): void {
  for (let offset = 8; offset + 12 <= bytes.length; ) {
    const length = Buffer.from(bytes.slice(offset, offset + 4)).readUInt32BE();
    const end = offset + 8 + length;
    if (end + 4 > bytes.length) return;
    bytes.splice(end, 4, ...uint32(crc(bytes.slice(offset + 4, end))));
    offset = end + 4;
  }
}
