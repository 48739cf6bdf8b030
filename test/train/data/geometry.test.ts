// Where pixels go: exactly where it can be exact, and labels to the same places as grey values everywhere.
import { expect, test } from "vitest";
import { Random } from "../../../src/random.ts";
import { drawDisplacement } from "../../../src/train/data/elastic.ts";
import {
  createWarp,
  type Frame,
  frameOf,
  identityPose,
  type Pose,
  type Size,
} from "../../../src/train/data/geometry.ts";
import { type DataOptions, parseDataOptions } from "../../../src/train/data/options.ts";
import { sampleImage, sampleLabels } from "../../../src/train/data/resample.ts";

const outside = 99_999;

/** A frame as large as the slice, at its own pixel size. */
const whole = (size: Size): Frame => ({ size, resampled: size, shown: size });

/** Every pixel is the number of its place, so that nothing can be mistaken for anything else. */
const places = ([height, width]: Size) => Uint32Array.from({ length: height * width }, (_, n) => n);

function warped(size: Size, pose: Partial<Pose>, frame = whole(size)) {
  const warp = createWarp(frame, size, { ...identityPose, ...pose });
  const labels = sampleLabels(places(size), size, warp, outside);
  const { image, inside } = sampleImage(Float32Array.from(places(size)), size, warp);
  return { labels, image, inside };
}

/** The pixels of an image whose pixel (i, j) shows the slice's (row, column). */
function expected(size: Size, from: (i: number, j: number) => readonly [row: number, column: number]): Uint32Array {
  return places(size).map((n) => {
    const [row, column] = from(Math.floor(n / size[1]), n % size[1]);
    return row * size[1] + column;
  });
}

test.each<[string, Size, Partial<Pose>, (i: number, j: number, last: Size) => readonly [number, number]]>([
  ["nothing", [5, 8], {}, (i, j) => [i, j]],
  ["a horizontal flip", [5, 8], { flip: { horizontal: true, vertical: false } }, (i, j, last) => [i, last[1] - j]],
  ["a vertical flip", [6, 7], { flip: { horizontal: false, vertical: true } }, (i, j, last) => [last[0] - i, j]],
  ["both", [5, 8], { flip: { horizontal: true, vertical: true } }, (i, j, last) => [last[0] - i, last[1] - j]],
  ["a quarter turn clockwise", [7, 7], { degrees: 90 }, (i, j, last) => [last[0] - j, i]],
  ["a quarter turn back", [6, 6], { degrees: -90 }, (i, j, last) => [j, last[1] - i]],
  ["half a turn", [5, 8], { degrees: 180 }, (i, j, last) => [last[0] - i, last[1] - j]],
  ["a full turn", [5, 8], { degrees: 360 }, (i, j) => [i, j]],
])("%s moves pixels and labels exactly", (_, size, pose, from) => {
  const last = [size[0] - 1, size[1] - 1] as const;
  const { labels, image, inside } = warped(size, pose);
  const result = expected(size, (i, j) => from(i, j, last));
  expect(labels).toEqual(result);
  expect(image).toEqual(Float32Array.from(result));
  expect(inside).toEqual(new Uint8Array(inside.length).fill(1));
});

test("a quarter turn of a wide slice leaves its ends outside", () => {
  const size = [3, 7] as const;
  const { labels, inside } = warped(size, { degrees: 90 });
  // About the middle column: the three middle rows of the turned slice fit, two columns at each side are empty.
  const shown = [
    [outside, outside, 16, 9, 2, outside, outside],
    [outside, outside, 17, 10, 3, outside, outside],
    [outside, outside, 18, 11, 4, outside, outside],
  ].flat();
  expect([...labels]).toEqual(shown);
  expect([...inside]).toEqual(shown.map((label) => (label === outside ? 0 : 1)));
});

test("a shift by whole pixels, and by more than the slice", () => {
  const size = [4, 5] as const;
  const { labels } = warped(size, { shift: [1, -2] });
  const at = (i: number, j: number) => (i >= 1 && j < 3 ? (i - 1) * 5 + j + 2 : outside);
  expect(labels).toEqual(places(size).map((n) => at(Math.floor(n / 5), n % 5)));
  expect(new Set(warped(size, { shift: [9, 0] }).labels)).toEqual(new Set([outside]));
});

test("a displacement says how far away a pixel's value comes from, down and to the right", () => {
  const size = [4, 5] as const;
  const displacement = { down: new Float32Array(20).fill(1), right: new Float32Array(20).fill(-2) };
  const { labels } = warped(size, { displacement });
  const at = (i: number, j: number) => (i < 3 && j >= 2 ? (i + 1) * 5 + j - 2 : outside);
  expect(labels).toEqual(places(size).map((n) => at(Math.floor(n / 5), n % 5)));
});

test("twice as large shows the middle, each pixel four times", () => {
  const size = [4, 4] as const;
  const { labels } = warped(size, { factor: 2 });
  expect([...labels]).toEqual([5, 5, 6, 6, 5, 5, 6, 6, 9, 9, 10, 10, 9, 9, 10, 10]);
});

const options = (given: Partial<DataOptions>) =>
  parseDataOptions({
    sources: [{ images: "*.png", labels: "*-labels.png", subject: "(.*)", classes: {} }],
    size: [6, 4],
    ...given,
  });

test("fit by spacing pads at the bottom and right, or cuts to the middle", () => {
  const slice = { height: 4, width: 6, spacingMm: [1, 1] } as const;
  const frame = frameOf(slice, options({}));
  expect(frame).toEqual({ size: [6, 4], resampled: [4, 6], shown: [4, 4] });
  const { labels } = warped([4, 6], {}, frame);
  const rows = [0, 1, 2, 3].map((row) => [1, 2, 3, 4].map((column) => row * 6 + column));
  expect([...labels]).toEqual([...rows.flat(), ...Array<number>(8).fill(outside)]);
  expect(frameOf({ ...slice, spacingMm: [2, 0.5] }, options({}))).toMatchObject({ resampled: [8, 3], shown: [6, 3] });
});

test("a crop begins anywhere from the first to the last place", () => {
  const frame: Frame = { size: [1, 3], resampled: [1, 5], shown: [1, 3] };
  const first = (share: number) => warped([1, 5], { place: [0, share] }, frame).labels[0];
  expect([0, 0.3, 0.5, 0.7, 0.999].map(first)).toEqual([0, 0, 1, 2, 2]);
});

test("a padded slice is mirrored and turned in its own place", () => {
  const frame: Frame = { size: [4, 4], resampled: [2, 2], shown: [2, 2] };
  const { labels } = warped([2, 2], { flip: { horizontal: true, vertical: false }, degrees: 90 }, frame);
  // [0 1; 2 3] mirrored is [1 0; 3 2], turned [3 1; 2 0].
  expect([...labels.subarray(0, 2), ...labels.subarray(4, 6)]).toEqual([3, 1, 2, 0]);
  expect(labels.filter((label) => label === outside)).toHaveLength(12);
});

test("fit by stretching shows the whole slice", () => {
  const frame = frameOf({ height: 2, width: 2, spacingMm: [1, 1] }, options({ fit: "stretch", size: [4, 2] }));
  expect([...warped([2, 2], {}, frame).labels]).toEqual([0, 1, 0, 1, 2, 3, 2, 3]);
});

test("labels come from the pixel in which the grey value is taken, whatever the pose", () => {
  const size = [37, 45] as const;
  const frame: Frame = { size: [48, 40], resampled: [50, 61], shown: [48, 40] };
  let compared = 0;
  for (let n = 0; n < 20; n++) {
    const random = new Random([1, 0], n);
    const warp = createWarp(frame, size, {
      place: [random.next(), random.next()],
      degrees: random.between(-180, 180),
      factor: random.between(0.7, 1.6),
      flip: { horizontal: random.chance(0.5), vertical: random.chance(0.5) },
      shift: [random.between(-9, 9), random.between(-9, 9)],
      displacement: n % 2 === 0 ? drawDisplacement(random, frame.size, { spacing: 9, amplitude: 4 }) : undefined,
    });
    // Ramps: bilinear interpolation of the coordinates is the coordinates.
    const ramp = (of: (n: number) => number) => sampleImage(Float32Array.from(places(size), of), size, warp);
    const rows = ramp((n) => Math.floor(n / size[1]));
    const columns = ramp((n) => n % size[1]);
    const labels = sampleLabels(places(size), size, warp, outside);
    for (const [pixel, label] of labels.entries()) {
      expect(label === outside).toBe(rows.inside[pixel] === 0);
      const [row, column] = [rows.image[pixel]!, columns.image[pixel]!];
      const isClose = [row, column].some((at) => Math.abs(at - Math.floor(at) - 0.5) < 1e-4);
      if (label === outside || isClose) continue;
      expect(label).toBe(Math.round(row) * size[1] + Math.round(column));
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(20_000);
});

test("an elastic deformation stays within its amplitude, is smooth and folds nowhere", () => {
  const size = [96, 80] as const;
  const spacing = 16;
  const amplitude = spacing * 0.488;
  let largest = 0;
  for (let n = 0; n < 20; n++) {
    const { down, right } = drawDisplacement(new Random([2, 0], n), size, { spacing, amplitude });
    for (let i = 0; i + 1 < size[0]; i++) {
      for (let j = 0; j + 1 < size[1]; j++) {
        const at = i * size[1] + j;
        largest = Math.max(largest, Math.abs(down[at]!), Math.abs(right[at]!));
        const step = (field: Float32Array, by: number) => field[at + by]! - field[at]!;
        const jacobian = (1 + step(right, 1)) * (1 + step(down, size[1])) - step(right, size[1]) * step(down, 1);
        expect(jacobian).toBeGreaterThan(0);
      }
    }
  }
  expect(largest).toBeLessThanOrEqual(amplitude);
  expect(largest).toBeGreaterThan(amplitude / 2);
});

test("an elastic deformation whose control points agree is a shift", () => {
  const same = Object.assign(new Random([0, 0], 0), { between: () => 3 });
  const { down, right } = drawDisplacement(same, [10, 12], { spacing: 5, amplitude: 3 });
  for (const value of [...down, ...right]) expect(value).toBeCloseTo(3, 6);
});
