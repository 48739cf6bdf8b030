// Volumes, single slices and thirds: what is measured together, and what is left out.
import { describe, expect, test } from "vitest";
import {
  countMasks,
  type MaskStack,
  measureStack,
  measureThirds,
  sliceStack,
} from "../../src/segment/stack-metrics.ts";
import { measureSurfaces } from "../../src/segment/surface-metrics.ts";

/** Slices of 3 x 4, each with the pixels that are inside of the prediction and of the truth. */
function stackOf(slices: readonly (readonly [predicted: readonly number[], truth: readonly number[]])[]): MaskStack {
  const [predicted, truth] = [0, 1].map((side) =>
    Uint8Array.from(
      slices.flatMap((slice) => Array.from({ length: 12 }, (_, i) => (slice[side]!.includes(i) ? 1 : 0))),
    ),
  ) as [Uint8Array, Uint8Array];
  const counts = slices.map((_, n) => countMasks({ predicted, truth }, 12 * n, 12 * (n + 1)));
  return { predicted, truth, shape: [slices.length, 3, 4], spacing: [5, 2, 1], counts };
}

const square = [5, 6, 9, 10];
const row = [5, 6];

test("a volume has surfaces in 3-D, and the overlap of all its slices", () => {
  const stack = stackOf([
    [row, []],
    [row, square],
    [square, square],
  ]);
  const options = { toleranceMm: 1.5 };
  const grid = { shape: [3, 3, 4], spacing: [5, 2, 1] };
  const found = measureStack(stack, options);
  expect(found).toMatchObject(measureSurfaces(stack.predicted, stack.truth, { ...grid, ...options }));
  expect(found.hausdorff).toBe(5);
  expect(found).toMatchObject({ dsc: 12 / 16, recall: 6 / 8, specificity: 26 / 28, volumeDifference: 0 });
});

describe("a slice", () => {
  const stack = stackOf([[row, square]]);

  test("has contours, whatever lies between slices", () => {
    const expected = measureSurfaces(stack.predicted, stack.truth, { shape: [3, 4], spacing: [2, 1] });
    expect(expected.hausdorff).toBe(2);
    for (const distance of [5, 0.1, undefined]) {
      expect(measureStack({ ...stack, spacing: [distance, 2, 1] })).toMatchObject(expected);
    }
  });

  test("is cut out of a volume with its own counts", () => {
    const volume = stackOf([
      [[], [0]],
      [row, square],
      [[0], []],
    ]);
    expect(sliceStack(volume, 1, 2)).toEqual(stack);
  });
});

test("slices of which nobody knows how far they are apart have overlaps alone", () => {
  const pair = [row, square] as const;
  for (const spacing of [undefined, [undefined, 2, 1] as const]) {
    const found = measureStack({ ...stackOf([pair, pair]), spacing });
    expect(found).toMatchObject({ dsc: 2 / 3, hausdorff: undefined, assd: undefined, surfaceDice: undefined });
  }
});

describe("thirds", () => {
  /** The truth is there where `truth` is not a dot; where it is a number, so many of its pixels are predicted. */
  const volume = (truth: string) =>
    stackOf(
      [...truth].map((slice) => [slice === "." ? [0] : square.slice(0, Number(slice)), slice === "." ? [] : square]),
    );
  const recalls = (truth: string) => measureThirds(volume(truth)).map((third) => third?.recall);

  test.each([
    ["444222111", [1, 1 / 2, 1 / 4]],
    ["..444222111...", [1, 1 / 2, 1 / 4]],
    ["4221", [1, 1 / 2, 1 / 4]],
    ["44221", [1, 1 / 2, 3 / 8]],
    ["421", [1, 1 / 2, 1 / 4]],
    ["42", [1, undefined, 1 / 2]],
    ["2", [undefined, 1 / 2, undefined]],
    ["...", [undefined, undefined, undefined]],
  ])("of %s", (truth, expected) => {
    expect(recalls(truth)).toEqual(expected);
  });

  test("hold what is predicted between the slices of the truth, and nothing of what is outside", () => {
    // Thirds are slices 1 to 3, 4 and 5, 7 and 8: what is predicted in 0, 6 and 9 is in none, but what is in 2.
    const found = measureThirds(volume(".4.444.44.")).map((third) => third?.precision);
    expect(found).toEqual([8 / 9, 1, 1]);
  });

  test("are volumes of their own", () => {
    const stack = volume("442244");
    const [first, middle, last] = measureThirds(stack, { toleranceMm: 3 });
    for (const [n, third] of [first, middle, last].entries()) {
      expect(third).toEqual(measureStack(sliceStack(stack, 2 * n, 2 * n + 2), { toleranceMm: 3 }));
    }
    expect([first?.hausdorff, middle?.hausdorff]).toEqual([0, 2]);
  });
});
