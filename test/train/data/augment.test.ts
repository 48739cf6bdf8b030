// What is drawn: within its range, as often as asked, and independent of what else is drawn.
import { expect, test } from "vitest";
import { momentsOf } from "../../../src/models/preprocess.ts";
import { Random } from "../../../src/random.ts";
import { type Augmentation, augmentIntensity, drawAugmentation } from "../../../src/train/data/augment.ts";
import { type AugmentOptions, augmentSchema } from "../../../src/train/data/augment-options.ts";
import { gaussianBlur, meanBlur, medianBlur, motionBlur } from "../../../src/train/data/blur.ts";
import { addNoise, applyContrast, applyGamma } from "../../../src/train/data/intensity.ts";

const size = [8, 8] as const;
const count = 2000;

function draws(options: Parameters<typeof augmentSchema.parse>[0], epoch = 1): Augmentation[] {
  const parsed: AugmentOptions = augmentSchema.parse(options);
  return Array.from({ length: count }, (_, index) => drawAugmentation(parsed, size, { seed: 7, epoch }, index));
}

/** Those that are not `still`: how many, and where they lie. */
function spread(values: readonly number[], still: number) {
  const moved = values.filter((value) => value !== still);
  const mean = moved.reduce((sum, value) => sum + value, 0) / moved.length;
  return { share: moved.length / values.length, low: Math.min(...moved), high: Math.max(...moved), mean };
}

test.each<[string, object, (drawn: Augmentation) => number, number, readonly [number, number], number]>([
  ["rotation", { rotation: { degrees: 20, probability: 0.5 } }, ({ pose }) => pose.degrees, 0, [-20, 20], 0],
  [
    "rotation one way",
    { rotation: { degrees: [5, 25], probability: 0.5 } },
    ({ pose }) => pose.degrees,
    0,
    [5, 25],
    15,
  ],
  ["scale", { scale: { factor: [0.5, 2], probability: 0.5 } }, ({ pose }) => Math.log2(pose.factor), 0, [-1, 1], 0],
  ["shift down", { shift: { pixels: 9, probability: 0.5 } }, ({ pose }) => pose.shift[0], 0, [-9, 9], 0],
  ["shift right", { shift: { pixels: [2, 6], probability: 0.5 } }, ({ pose }) => pose.shift[1], 0, [2, 6], 4],
  ["crop", { crop: { probability: 0.5 } }, ({ pose }) => pose.place[1], 0.5, [0, 1], 0.5],
  ["gamma", { gamma: { exponent: [0.5, 2], probability: 0.5 } }, ({ exponent }) => Math.log2(exponent), 0, [-1, 1], 0],
  ["contrast", { contrast: { factor: [0.5, 1.5], probability: 0.5 } }, ({ contrast }) => contrast, 1, [0.5, 1.5], 1],
  ["brightness", { brightness: { offset: 0.4, probability: 0.5 } }, ({ brightness }) => brightness, 0, [-0.4, 0.4], 0],
  ["blur", { blur: { sigma: [1, 3], probability: 0.5 } }, ({ blurSigma }) => blurSigma, 0, [1, 3], 2],
  ["noise", { noise: { sigma: [0.1, 0.3], probability: 0.5 } }, ({ noiseSigma }) => noiseSigma, 0, [0.1, 0.3], 0.2],
])("%s fills its range as often as its probability says", (_, options, value, still, [low, high], middle) => {
  const found = spread(draws(options).map(value), still);
  expect(Math.abs(found.share - 0.5)).toBeLessThan(0.05);
  expect(found.low).toBeGreaterThanOrEqual(low);
  expect(found.high).toBeLessThanOrEqual(high);
  expect(found.low).toBeLessThan(low + 0.02 * (high - low));
  expect(found.high).toBeGreaterThan(high - 0.02 * (high - low));
  expect(Math.abs(found.mean - middle)).toBeLessThan(0.03 * (high - low));
});

test("blurs of a kernel come as often as their probabilities say, motion in every direction", () => {
  const all = draws({
    blur: { sigma: [1, 1], kernel: 5 },
    meanBlur: { probability: 0.3 },
    medianBlur: { kernel: 5, probability: 0.5 },
    motionBlur: { probability: 0.7 },
  });
  const share = (of: (drawn: Augmentation) => boolean) => all.filter(of).length / count;
  expect(share(({ meanKernel }) => meanKernel === 3)).toBeCloseTo(0.3, 1);
  expect(share(({ medianKernel }) => medianKernel === 5)).toBeCloseTo(0.5, 1);
  expect(share(({ motionKernel }) => motionKernel === 3)).toBeCloseTo(0.7, 1);
  expect(all.every(({ blurKernel, meanKernel }) => blurKernel === 5 && [0, 3].includes(meanKernel))).toBe(true);
  const both = share(({ meanKernel, medianKernel }) => meanKernel > 0 && medianKernel > 0);
  expect(both).toBeCloseTo(0.15, 1);
  const found = spread(
    all.map(({ motionDegrees }) => motionDegrees),
    Number.NaN,
  );
  expect([found.low < 2, found.high > 178, found.high < 180]).toEqual([true, true, true]);
  expect(Math.abs(found.mean - 90)).toBeLessThan(5);
});

test("flips and elastic deformations come as often as their probabilities say", () => {
  const all = draws({
    flip: { horizontal: 0.3, vertical: 0.6 },
    elastic: { probability: 0.2, spacing: 4, amplitude: 1 },
  });
  const share = (of: (drawn: Augmentation) => boolean) => all.filter(of).length / count;
  expect(share(({ pose }) => pose.flip.horizontal)).toBeCloseTo(0.3, 1);
  expect(share(({ pose }) => pose.flip.vertical)).toBeCloseTo(0.6, 1);
  expect(share(({ pose }) => pose.displacement !== undefined)).toBeCloseTo(0.2, 1);
});

test("one augmentation's numbers do not depend on which others there are", () => {
  const alone = draws({ rotation: {} }).map(({ pose }) => pose.degrees);
  const among = draws({ rotation: {}, scale: {}, shift: {}, flip: {}, gamma: {}, noise: {} });
  expect(among.map(({ pose }) => pose.degrees)).toEqual(alone);
  const scales = among.map(({ pose }) => Math.log(pose.factor));
  const correlation = scales.reduce((sum, value, n) => sum + value * alone[n]!, 0) / count / (0.129 * 5.77);
  expect(Math.abs(correlation)).toBeLessThan(0.08);
});

test("nothing is drawn where nothing is named", () => {
  for (const { pose, noise: _, ...rest } of draws({})) {
    expect(rest).toEqual({
      exponent: 1,
      contrast: 1,
      brightness: 0,
      blurSigma: 0,
      blurKernel: undefined,
      meanKernel: 0,
      medianKernel: 0,
      motionKernel: 0,
      motionDegrees: expect.any(Number),
      noiseSigma: 0,
    });
    expect(pose).toMatchObject({ degrees: 0, factor: 1, shift: [0, 0], place: [0.5, 0.5], displacement: undefined });
  }
});

test("gamma keeps the ends and bends what lies between", () => {
  expect([...applyGamma(Float32Array.of(10, 20, 30, 50), 2)]).toEqual([10, 12.5, 20, 50]);
  expect([...applyGamma(Float32Array.of(3, 3), 2)]).toEqual([3, 3]);
});

test("contrast stretches about the mean, brightness moves", () => {
  const image = Float32Array.of(1, 2, 3);
  applyContrast(image, 2, 2, 0.5);
  expect([...image]).toEqual([0.5, 2.5, 4.5]);
});

test("the blur of a point is a Gaussian, that of a constant the constant", () => {
  const point = new Float32Array(41 * 41);
  point[20 * 41 + 20] = 1;
  const blurred = gaussianBlur(point, [41, 41], 2);
  let [sum, second] = [0, 0];
  blurred.forEach((value, n) => {
    sum += value;
    second += value * (Math.floor(n / 41) - 20) ** 2;
  });
  expect(sum).toBeCloseTo(1, 5);
  expect(Math.sqrt(second)).toBeCloseTo(2, 1);
  expect(blurred[20 * 41 + 23]).toBeCloseTo(blurred[23 * 41 + 20]!, 7);
  for (const value of gaussianBlur(new Float32Array(30).fill(5), [5, 6], 4)) expect(value).toBeCloseTo(5, 5);
});

/** 4 rows of 5 pixels. */
const picture = [
  [9, 1, 2, 8, 4],
  [3, 7, 5, 0, 6],
  [8, 2, 4, 9, 1],
  [5, 6, 3, 7, 0],
];
const pictureSize = [4, 5] as const;

/** From the pixels around each, whose edge goes on. */
function fromNeighbours(value: (at: (row: number, column: number) => number) => number): number[] {
  const clamp = (n: number, most: number) => Math.max(0, Math.min(n, most));
  return picture.flatMap((row, i) =>
    row.map((_, j) => value((down, right) => picture[clamp(i + down, 3)]![clamp(j + right, 4)]!)),
  );
}

const around = (radius: number) => Array.from({ length: 2 * radius + 1 }, (_, n) => n - radius);
const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

test.each<[string, (image: Float32Array) => Float32Array, (at: (row: number, column: number) => number) => number]>([
  [
    "the mean of 3 x 3",
    (image) => meanBlur(image, pictureSize, 3),
    (at) => total(around(1).flatMap((i) => around(1).map((j) => at(i, j)))) / 9,
  ],
  [
    "the mean of 5 x 5",
    (image) => meanBlur(image, pictureSize, 5),
    (at) => total(around(2).flatMap((i) => around(2).map((j) => at(i, j)))) / 25,
  ],
  [
    "the median of 3 x 3",
    (image) => medianBlur(image, pictureSize, 3),
    (at) =>
      around(1)
        .flatMap((i) => around(1).map((j) => at(i, j)))
        .sort((a, b) => a - b)[4]!,
  ],
  [
    "the Gaussian of 3 pixels, 1 2 1",
    // exp(-1 / (2 sigma^2)) is a half.
    (image) => gaussianBlur(image, pictureSize, Math.sqrt(0.5 / Math.LN2), 3),
    (at) => total(around(1).flatMap((i) => around(1).map((j) => at(i, j) / (4 * 2 ** Math.abs(i) * 2 ** Math.abs(j))))),
  ],
  [
    "motion along the rows",
    (image) => motionBlur(image, pictureSize, 3, 0),
    (at) => total(around(1).map((j) => at(0, j))) / 3,
  ],
  [
    "motion along the columns",
    (image) => motionBlur(image, pictureSize, 5, 90),
    (at) => total(around(2).map((i) => at(i, 0))) / 5,
  ],
  [
    "motion to the lower right",
    (image) => motionBlur(image, pictureSize, 3, 45),
    (at) => total(around(1).map((i) => at(i, i))) / 3,
  ],
  [
    "motion that is rather flat, to the lower left",
    (image) => motionBlur(image, pictureSize, 5, 155),
    (at) => total([at(1, -2), at(0, -1), at(0, 0), at(0, 1), at(-1, 2)]) / 5,
  ],
])("%s, whose edge goes on", (_, blurred, expected) => {
  const values = blurred(Float32Array.from(picture.flat()));
  fromNeighbours(expected).forEach((value, n) => {
    expect(values[n], `pixel ${n}`).toBeCloseTo(value, 5);
  });
});

test("the blurs that were drawn are applied one after the other, with their kernels", () => {
  const image = () => Float32Array.from(picture.flat());
  const apply = (options: Parameters<typeof augmentSchema.parse>[0]) => {
    const [drawn] = draws(options);
    return augmentIntensity(image(), pictureSize, drawn!, { mean: 0, deviation: 1 });
  };
  const sure = { probability: 1 };
  expect(apply({ blur: { sigma: [2, 2], kernel: 3, ...sure } })).toEqual(gaussianBlur(image(), pictureSize, 2, 3));
  const options = { medianBlur: sure, meanBlur: { kernel: 5, ...sure }, motionBlur: sure };
  const { motionDegrees } = draws(options)[0]!;
  const softened = medianBlur(meanBlur(image(), pictureSize, 5), pictureSize, 3);
  expect(apply(options)).toEqual(motionBlur(softened, pictureSize, 3, motionDegrees));
  expect(apply({})).toEqual(image());
});

test("noise has the deviation asked for, and differs from pixel to pixel", () => {
  const image = new Float32Array(20_000).fill(10);
  addNoise(image, 0.5, new Random([1, 1], 1));
  const { mean, deviation } = momentsOf(image);
  expect(mean).toBeCloseTo(10, 1);
  expect(deviation).toBeCloseTo(0.5, 1);
  expect(new Set(image).size).toBeGreaterThan(19_000);
});
