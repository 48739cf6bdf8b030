import { expect, test } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { readLabelPng, readPng, writeLabelPng, writePng } from "../../../src/formats/png/index.ts";
import { createRandom } from "../../support/random.ts";
import { buildPng, type PixelSource } from "./build.ts";

const width = 13;
const height = 11;
const random = createRandom(3);
const noise = Array.from({ length: width * height * 4 }, () => random());
const palette = Array.from({ length: 2 ** 8 * 3 }, () => Math.floor(random() * 256));

/** Seeded noise with `bitDepth` bits; palettes hold that many colours. */
function pixels(colourType: number, bitDepth: number, more: Partial<PixelSource> = {}): PixelSource {
  const sample = (row: number, column: number, channel: number) =>
    Math.floor(noise[(row * width + column) * 4 + channel]! * 2 ** bitDepth);
  const colours = colourType === 3 ? { palette: palette.slice(0, 2 ** bitDepth * 3) } : {};
  return { width, height, bitDepth, colourType, sample, filters: [0, 1, 2, 3, 4], ...colours, ...more };
}

function expectedGrey({ bitDepth, colourType, sample, palette: colours = [] }: PixelSource): Float32Array {
  return Float32Array.from({ length: width * height }, (_, i) => {
    const [row, column] = [Math.floor(i / width), i % width];
    const [a, b, c] = [0, 1, 2].map((channel) => sample(row, column, channel)) as [number, number, number];
    const luminance = (red: number, green: number, blue: number) => 0.299 * red + 0.587 * green + 0.114 * blue;
    if (colourType === 2 || colourType === 6) return luminance(a, b, c);
    if (colourType === 3) return luminance(colours[3 * a]!, colours[3 * a + 1]!, colours[3 * a + 2]!);
    return bitDepth < 8 ? (a * 255) / (2 ** bitDepth - 1) : a;
  });
}

const kinds: [number, number][] = [
  [0, 1],
  [0, 2],
  [0, 4],
  [0, 8],
  [0, 16],
  [2, 8],
  [2, 16],
  [3, 1],
  [3, 2],
  [3, 4],
  [3, 8],
  [4, 8],
  [4, 16],
  [6, 8],
  [6, 16],
];

test.each(kinds)("colour type %d with %d bits, every filter", (colourType, bitDepth) => {
  const source = pixels(colourType, bitDepth);
  expect(readPng(buildPng(source), "a.png")).toEqual({
    width,
    height,
    depth: bitDepth === 16 ? 16 : 8,
    data: expectedGrey(source),
  });
});

test.each([0, 1, 2, 3, 4])("filter %d on every row, the first included", (filter) => {
  for (const colourType of [0, 2]) {
    const source = pixels(colourType, 8, { filters: [filter] });
    expect(readPng(buildPng(source), "a.png").data).toEqual(expectedGrey(source));
  }
});

test.each(kinds.filter(([, bitDepth]) => bitDepth >= 8))(
  "interlaced: colour type %d with %d bits",
  (colourType, bitDepth) => {
    const source = pixels(colourType, bitDepth, { interlaced: true });
    expect(readPng(buildPng(source), "a.png").data).toEqual(expectedGrey(source));
  },
);

test.each([
  [1, 1],
  [1, 9],
  [9, 1],
  [4, 5],
])("small sizes, interlaced or not: %d x %d", (w, h) => {
  for (const interlaced of [false, true]) {
    const png = buildPng(pixels(0, 8, { width: w, height: h, interlaced, sample: (row, column) => row * 16 + column }));
    const { data } = readPng(png, "a.png");
    expect([...data]).toEqual(Array.from({ length: w * h }, (_, i) => Math.floor(i / w) * 16 + (i % w)));
  }
});

test("equal red, green and blue are that grey", () => {
  const grey = Uint8Array.from({ length: 256 }, (_, i) => i);
  const data = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
  expect(readPng(writePng({ width: 16, height: 16, channels: 3, data }), "a").data).toEqual(Float32Array.from(grey));
});

test("labels are the stored numbers, grey or palette, at any depth", () => {
  for (const [colourType, bitDepth] of kinds.filter(([type, depth]) => (type === 0 || type === 3) && depth <= 8)) {
    const source = pixels(colourType!, bitDepth!);
    const labels = Uint8Array.from({ length: width * height }, (_, i) =>
      source.sample(Math.floor(i / width), i % width, 0),
    );
    expect(readLabelPng(buildPng(source), "a.png")).toEqual({ width, height, data: labels });
  }
});

test.each([
  [2, 8, "rgb pixels of 8 bits"],
  [4, 8, "grey+alpha pixels of 8 bits"],
  [0, 16, "grey pixels of 16 bits"],
])("labels are not read from colour type %d with %d bits", (colourType, bitDepth, got) => {
  expect(() => readLabelPng(buildPng(pixels(colourType, bitDepth)), "a.png")).toThrow(
    `a.png: not a label image, got ${got}, expected grey or palette pixels of at most 8`,
  );
});

test("what is written is read back", () => {
  const data = Uint8Array.from({ length: 35 }, (_, i) => i * 7);
  expect(readPng(writePng({ width: 5, height: 7, channels: 1, data }), "a").data).toEqual(Float32Array.from(data));
  const rgba = Uint8Array.of(255, 0, 0, 10, 0, 255, 0, 20);
  expect(readPng(writePng({ width: 2, height: 1, channels: 4, data: rgba }), "a").data).toEqual(
    Float32Array.of(0.299 * 255, 0.587 * 255),
  );
  const labels = { width: 5, height: 7, data: data.map((v) => v % 3) };
  expect(readLabelPng(writeLabelPng(labels), "a")).toEqual(labels);
  const coloured = writeLabelPng({
    ...labels,
    palette: [
      [0, 0, 0],
      [255, 0, 0],
      [0, 255, 0],
    ],
  });
  expect(readLabelPng(coloured, "a")).toEqual(labels);
  expect(readPng(coloured, "a").data[1]).toBe(Math.fround(0.299 * 255));
});

test("a file inside a larger buffer", () => {
  const png = buildPng(pixels(0, 8));
  const view = Uint8Array.from([1, 2, 3, ...png, 4]).subarray(3, 3 + png.length);
  expect(readPng(view, "a").data).toEqual(expectedGrey(pixels(0, 8)));
});

test.each<[string, () => Uint8Array]>([
  [
    "bad width, got 0, expected 1 or more",
    () => writePng({ width: 0, height: 1, channels: 1, data: new Uint8Array(0) }),
  ],
  [
    "bad height, got 1.5, expected 1 or more",
    () => writePng({ width: 2, height: 1.5, channels: 1, data: new Uint8Array(3) }),
  ],
  [
    "data does not fit the size, got 5 bytes, expected 6 for 2 x 1 x 3",
    () => writePng({ width: 2, height: 1, channels: 3, data: new Uint8Array(5) }),
  ],
  [
    "bad palette, got 0 colours, expected 1 to 256",
    () => writeLabelPng({ width: 1, height: 1, data: Uint8Array.of(0), palette: [] }),
  ],
  [
    "label 1 has no colour, expected labels below 1",
    () => writeLabelPng({ width: 1, height: 1, data: Uint8Array.of(1), palette: [[0, 0, 0]] }),
  ],
])("writing refuses: %s", (message, write) => {
  expect(write).toThrow(new UsageError(`png: ${message}`));
});
