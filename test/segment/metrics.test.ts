// Counts and ratios on maps that are small enough to count by hand.
import { expect, test } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { writeCsv } from "../../src/report/csv.ts";
import { maskMetricNames, masksOf, meanOverForeground } from "../../src/segment/mask-metrics.ts";
import {
  addCounts,
  type ClassCounts,
  countPixels,
  ignoreIndex,
  ignoreSet,
  measureClass,
} from "../../src/segment/metrics.ts";
import { countMasks } from "../../src/segment/stack-metrics.ts";
import { noSurfaceMetrics } from "../../src/segment/surface-metrics.ts";
import { ignoredTarget } from "../../src/train/data/targets.ts";

const index = (classes: number) => ({ classes, targets: "index" as const });
const sets = (classes: number) => ({ classes, targets: "sets" as const });
const tuple = ({ truePositive, falsePositive, falseNegative, trueNegative }: ClassCounts) => [
  truePositive,
  falsePositive,
  falseNegative,
  trueNegative,
];
const measure = (counts: ClassCounts) => ({ ...measureClass(counts), ...noSurfaceMetrics });

test("index labels: each pixel is right, or wrong for two classes", () => {
  const predicted = [0, 0, 1, 1, 1, 2, 0, 2];
  const labels = Uint32Array.of(0, 1, 1, 1, 0, 0, ignoreIndex, ignoreIndex);
  const counts = countPixels(predicted, labels, index(3));
  expect(counts.map(tuple)).toEqual([
    [1, 1, 2, 2],
    [2, 1, 1, 2],
    [0, 1, 0, 5],
  ]);
  const [background, body, disc] = counts.map((pixels) => measureClass(pixels));
  const [specificity, volumeDifference] = [2 / 3, -1 / 3];
  expect(background).toEqual({
    dsc: 2 / 5,
    iou: 1 / 4,
    precision: 1 / 2,
    recall: 1 / 3,
    specificity,
    volumeDifference,
  });
  expect(body).toEqual({
    dsc: 4 / 6,
    iou: 2 / 4,
    precision: 2 / 3,
    recall: 2 / 3,
    specificity,
    volumeDifference: 0,
  });
  // Predicted, but not there: a mistake, with no recall to speak of.
  const none = { recall: undefined, volumeDifference: undefined };
  expect(disc).toEqual({ dsc: 0, iou: 0, precision: 0, specificity: 5 / 6, ...none });
});

test("a class that is nowhere has no metrics and no part in means", () => {
  const counts = countPixels([0, 1], Uint32Array.of(0, 1), index(3));
  const classes = counts.map(measure);
  const nowhere = { dsc: undefined, iou: undefined, precision: undefined, recall: undefined };
  expect(classes[2]).toEqual({ ...noSurfaceMetrics, ...nowhere, volumeDifference: undefined, specificity: 1 });
  expect(meanOverForeground(classes)).toMatchObject({ dsc: 1, iou: 1, precision: 1, recall: 1 });
  const nothing = countPixels([0], Uint32Array.of(0), index(3)).map(measure);
  expect(meanOverForeground(nothing).dsc).toBeUndefined();
});

test("a class that is labelled but not predicted has no precision", () => {
  const [, body] = countPixels([0, 0], Uint32Array.of(0, 1), index(2)).map((pixels) => measureClass(pixels));
  expect(body).toMatchObject({ dsc: 0, iou: 0, precision: undefined, recall: 0, volumeDifference: -1 });
});

test("a class that is all there is leaves nothing to be specific about", () => {
  const [, body] = countPixels([1, 0], Uint32Array.of(1, 1), index(2)).map((pixels) => measureClass(pixels));
  expect(body).toMatchObject({ dsc: 2 / 3, specificity: undefined, volumeDifference: -1 / 2 });
});

test("a class that is rightly nowhere is perfect where asked; one that is wrongly nowhere is not", () => {
  const [, body, disc] = countPixels([0, 0], Uint32Array.of(0, 1), index(3)).map((pixels) =>
    measureClass(pixels, { emptyIsPerfect: true }),
  );
  expect(disc).toEqual({ dsc: 1, iou: 1, precision: 1, recall: 1, volumeDifference: 0, specificity: 1 });
  expect(body).toMatchObject({ dsc: 0, iou: 0, precision: undefined, recall: 0 });
});

test("the background is not a part of the mean", () => {
  const rest = { specificity: 1, volumeDifference: 0, ...noSurfaceMetrics };
  const of = (dsc: number) => ({ dsc, iou: dsc, precision: dsc, recall: dsc, ...rest });
  expect(meanOverForeground([of(0), of(0.5), of(1)]).dsc).toBe(0.75);
});

test("sets: certain pixels count, uncertain ones count against what cannot be", () => {
  const [background, body, disc] = [1, 2, 4];
  const cases = [
    { predicted: 1, set: body, why: "right" },
    { predicted: 0, set: body, why: "missed" },
    { predicted: 0, set: background | disc, why: "may be" },
    { predicted: 2, set: background | disc, why: "may be" },
    { predicted: 0, set: background | body, why: "may be" },
    { predicted: 1, set: background | disc, why: "cannot be, and nobody knows what was missed" },
    { predicted: 1, set: 0, why: "no class at all" },
    { predicted: 1, set: ignoreSet, why: "ignored" },
    { predicted: 2, set: background, why: "wrong" },
  ];
  const counts = countPixels(
    cases.map(({ predicted }) => predicted),
    Uint32Array.from(cases, ({ set }) => set),
    sets(3),
  );
  expect(counts.map(tuple)).toEqual([
    [0, 1, 1, 1],
    [1, 1, 1, 3],
    [0, 1, 0, 3],
  ]);
  // The masks that surfaces are made of leave out what the counts leave out, but for the negatives.
  counts.forEach((expected, label) => {
    const map = cases.map(({ predicted }) => predicted);
    const masks = masksOf(
      map,
      cases.map(({ set }) => set),
      { label, targets: "sets" },
    );
    expect(tuple(countMasks(masks)).slice(0, 3)).toEqual(tuple(expected).slice(0, 3));
  });
});

test("masks of index labels are what is counted", () => {
  const labels = Uint32Array.from({ length: 90 }, (_, i) => [0, 1, 2, ignoreIndex][(i * 7) % 4]!);
  const map = Uint8Array.from(labels, (_, i) => (i * 5) % 3);
  countPixels(map, labels, index(3)).forEach((expected, label) => {
    const got = countMasks(masksOf(map, labels, { label, targets: "index" }));
    expect(tuple(got).slice(0, 3)).toEqual(tuple(expected).slice(0, 3));
    const ignored = labels.filter((target) => target === ignoreIndex).length;
    expect(got.trueNegative).toBe(expected.trueNegative + ignored);
  });
});

test("every metric has its place in tables", () => {
  expect([...maskMetricNames].sort()).toEqual(
    Object.keys(measure(countPixels([0], Uint32Array.of(0), index(1))[0]!)).sort(),
  );
});

test("sets of one class each are index labels", () => {
  const predicted = Array.from({ length: 500 }, (_, i) => (i * 7) % 32);
  const labels = Uint32Array.from(predicted, (_, i) => (i * 5 + 3) % 32);
  const asSets = labels.map((label) => 2 ** label); // bit 31 too
  expect(countPixels(predicted, asSets, sets(32))).toEqual(countPixels(predicted, labels, index(32)));
});

test("pixels that count nowhere are those of the data", () => {
  expect([ignoreIndex, ignoreSet]).toEqual([ignoredTarget("index"), ignoredTarget("sets")]);
});

test("counts of images add up", () => {
  const [a, b] = [countPixels([0, 1], Uint32Array.of(0, 0), index(2)), countPixels([1], Uint32Array.of(1), index(2))];
  const whole = countPixels([0, 1, 1], Uint32Array.of(0, 0, 1), index(2));
  expect(addCounts([a, b])).toEqual(whole);
});

test.each([
  [[3], [0], index(3), "metrics: pixel 0 is predicted 3, expected 0 to 2"],
  [[-1], [0], index(3), "metrics: pixel 0 is predicted -1, expected 0 to 2"],
  [[0, 0], [0, 3], index(3), "metrics: pixel 1 has label 3, expected 0 to 2 or 255"],
  [[0], [8], sets(3), "metrics: pixel 0 has set 8, expected bits of 3 classes"],
  [[0, 1], [0], index(3), "metrics: 2 predicted pixels, expected 1 as labels"],
])("%j %j is refused", (predicted, labels, options, message) => {
  expect(() => countPixels(predicted, Uint32Array.from(labels), options)).toThrow(new UsageError(message));
});

test("CSV quotes what needs it", () => {
  const rows = [
    ["a", 'say "no"', "1,5"],
    ["two\nlines", undefined, 0.1],
  ];
  expect(writeCsv(rows)).toBe('a,"say ""no""","1,5"\r\ntwo\\nlines,,0.1\r\n');
});
