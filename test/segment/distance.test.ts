// The distance transform against a search over all sites.
import { expect, test } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { distanceTransform } from "../../src/segment/distance.ts";
import { createRandom } from "../support/random.ts";

function search(sites: readonly number[], shape: readonly number[], spacing: readonly number[]): number[] {
  const places = sites.map((_, index) => {
    let rest = index;
    return shape.map((length, axis) => {
      const stride = shape.slice(axis + 1).reduce((product, next) => product * next, 1);
      const place = Math.floor(rest / stride) % length;
      rest %= stride;
      return place * spacing[axis]!;
    });
  });
  const found = places.filter((_, i) => sites[i] !== 0);
  return places.map((a) => Math.min(...found.map((b) => Math.hypot(...a.map((x, axis) => x - b[axis]!)))));
}

test("the distance to the nearest site in one, two and three dimensions, dense and sparse, with uneven spacing", () => {
  const random = createRandom(1);
  for (let round = 0; round < 150; round++) {
    const shape = Array.from({ length: 1 + (round % 3) }, () => 1 + Math.floor(random() * 7));
    const spacing = shape.map(() => 0.2 + 4 * random());
    const density = random() ** 2;
    const size = shape.reduce((product, length) => product * length, 1);
    const sites = Array.from({ length: size }, () => (random() < density ? 1 : 0));
    const expected = search(sites, shape, spacing);
    const got = distanceTransform(sites, shape, spacing);
    expect(got).toHaveLength(size);
    got.forEach((value, i) => {
      if (expected[i] === Number.POSITIVE_INFINITY) expect(value).toBe(expected[i]);
      else expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-12);
    });
  }
});

test("sizes and spacings that do not fit are refused", () => {
  expect(() => distanceTransform([1, 0], [3], [1])).toThrow(UsageError);
  expect(() => distanceTransform([1, 0], [2], [1, 1])).toThrow("expected 1 positive numbers");
  expect(() => distanceTransform([1, 0], [2], [0])).toThrow(UsageError);
});
