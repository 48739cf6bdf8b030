// Normalisations against numbers worked out by hand or by numpy.
import { expect, test } from "vitest";
import { applyScaling, type Normalization, normalize, scalingOf } from "../../src/models/preprocess.ts";

test("z-scores have mean 0 and population deviation 1", () => {
  expect([...normalize(Float32Array.of(1, 3, 5, 7), "z-score")]).toEqual(
    [-3, -1, 1, 3].map((value) => Math.fround(value / Math.sqrt(5))),
  );
});

test("min-max sends the smallest to 0 and the largest to 1", () => {
  expect([...normalize(Float32Array.of(-2, 0, 6, 2), "min-max")]).toEqual([0, 0.25, 1, 0.5]);
});

test("percentiles are numpy's, and what lies outside is cut off", () => {
  // numpy.percentile([0, 10, 20, 30, 100], [10, 90]) -> [4., 72.]
  const values = Float32Array.of(100, 0, 30, 10, 20);
  const scaling = scalingOf(values, { percentile: [10, 90] });
  expect([scaling.offset, scaling.divisor, scaling.low, scaling.high].map((value) => Math.fround(value))).toEqual([
    4, 68, 4, 72,
  ]);
  const expected = [1, 0, 26 / 68, 6 / 68, 16 / 68];
  applyScaling(values, scaling).forEach((value, n) => {
    expect(value).toBeCloseTo(expected[n]!, 6);
  });
});

test("a window and fixed statistics are of every slice alike", () => {
  const values = Float32Array.of(-1024, -200, -100, 100, 200, 3000);
  expect([...normalize(values, { window: [-200, 200] })]).toEqual([0, 0, 0.25, 0.75, 1, 1]);
  expect([...normalize(values, { mean: 100, deviation: 50 })]).toEqual([-22.48, -6, -4, 0, 2, 58].map(Math.fround));
});

test.each<Normalization>(["z-score", "min-max", { percentile: [1, 99] }])(
  "%j of one grey is zeros",
  (normalization) => {
    expect([...normalize(new Float32Array(5).fill(7), normalization)]).toEqual([0, 0, 0, 0, 0]);
  },
);
