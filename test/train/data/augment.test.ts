// What is drawn: within its range, as often as asked, and independent of what else is drawn.
import { expect, test } from "vitest";
import { momentsOf } from "../../../src/models/preprocess.ts";
import { Random } from "../../../src/random.ts";
import { type Augmentation, drawAugmentation } from "../../../src/train/data/augment.ts";
import { type AugmentOptions, augmentSchema } from "../../../src/train/data/augment-options.ts";
import { addNoise, applyContrast, applyGamma, blur } from "../../../src/train/data/intensity.ts";

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
    expect(rest).toEqual({ exponent: 1, contrast: 1, brightness: 0, blurSigma: 0, noiseSigma: 0 });
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
  const blurred = blur(point, [41, 41], 2);
  let [sum, second] = [0, 0];
  blurred.forEach((value, n) => {
    sum += value;
    second += value * (Math.floor(n / 41) - 20) ** 2;
  });
  expect(sum).toBeCloseTo(1, 5);
  expect(Math.sqrt(second)).toBeCloseTo(2, 1);
  expect(blurred[20 * 41 + 23]).toBeCloseTo(blurred[23 * 41 + 20]!, 7);
  for (const value of blur(new Float32Array(30).fill(5), [5, 6], 4)) expect(value).toBeCloseTo(5, 5);
});

test("noise has the deviation asked for, and differs from pixel to pixel", () => {
  const image = new Float32Array(20_000).fill(10);
  addNoise(image, 0.5, new Random([1, 1], 1));
  const { mean, deviation } = momentsOf(image);
  expect(mean).toBeCloseTo(10, 1);
  expect(deviation).toBeCloseTo(0.5, 1);
  expect(new Set(image).size).toBeGreaterThan(19_000);
});
