// Measures of masks slice by slice, as a volume, and in thirds of what the truth has.
import type { MaskMetrics, MaskPair } from "./mask-metrics.ts";
import { addCounts, type ClassCounts, measureClass } from "./metrics.ts";
import { type MeasureOptions, measureSurfaces, noSurfaceMetrics } from "./surface-metrics.ts";

/** The masks of one class in slices that lie on one another. */
export interface MaskStack extends MaskPair {
  /** [D, H, W], as both masks are. */
  readonly shape: readonly [number, number, number];
  /**
   * Distance of slices, rows and columns in mm. Without that of slices there are no surfaces but of single slices, without a spacing
   * there are none.
   */
  readonly spacing: readonly [number | undefined, number, number] | undefined;
  /** Of each slice. */
  readonly counts: readonly ClassCounts[];
}

/** The masks of slices of `plane` pixels on end. */
export function joinMasks(slices: number, plane: number, slice: (n: number) => MaskPair): MaskPair {
  const [predicted, truth] = [new Uint8Array(slices * plane), new Uint8Array(slices * plane)];
  for (let n = 0; n < slices; n++) {
    const pair = slice(n);
    predicted.set(pair.predicted, n * plane);
    truth.set(pair.truth, n * plane);
  }
  return { predicted, truth };
}

/** Counts the pixels of a pair of masks from `first` to below `end`. */
export function countMasks({ predicted, truth }: MaskPair, first = 0, end = predicted.length): ClassCounts {
  const counts = { truePositive: 0, falsePositive: 0, falseNegative: 0, trueNegative: 0 };
  for (let i = first; i < end; i++) {
    if (predicted[i] !== 0) counts[truth[i] !== 0 ? "truePositive" : "falsePositive"]++;
    else counts[truth[i] !== 0 ? "falseNegative" : "trueNegative"]++;
  }
  return counts;
}

/** Measures all slices together: the surface of the volume, or the contour where there is one slice. */
export function measureStack(stack: MaskStack, options: MeasureOptions = {}): MaskMetrics {
  const { predicted, truth, shape, spacing, counts } = stack;
  const overlap = measureClass(addCounts(counts.map((slice) => [slice]))[0]!, options);
  const [distance, ...plane] = spacing ?? [];
  if (spacing === undefined || (distance === undefined && shape[0] > 1)) return { ...overlap, ...noSurfaceMetrics };
  const grid =
    distance === undefined || shape[0] === 1
      ? { shape: shape.slice(1), spacing: plane as number[] }
      : { shape, spacing: [distance, ...plane] };
  return { ...overlap, ...measureSurfaces(predicted, truth, { ...grid, ...options }) };
}

/** The slices from `first` to below `end` by themselves; outside of them nothing is inside of a mask. */
export function sliceStack(stack: MaskStack, first: number, end: number): MaskStack {
  const [, height, width] = stack.shape;
  const plane = height * width;
  return {
    predicted: stack.predicted.subarray(first * plane, end * plane),
    truth: stack.truth.subarray(first * plane, end * plane),
    shape: [end - first, height, width],
    spacing: stack.spacing,
    counts: stack.counts.slice(first, end),
  };
}

/**
 * The first, the middle and the last third of the slices that hold the truth, in the order of the stack: of n such slices third t
 * goes from number round(t n / 3) to below round((t + 1) n / 3), with what lies between them. Each is measured as a volume of its own.
 * A third without a slice, of fewer than three, is undefined. What is predicted outside of the truth's slices is in none.
 */
export function measureThirds(stack: MaskStack, options: MeasureOptions = {}): readonly (MaskMetrics | undefined)[] {
  const holding = stack.counts.flatMap(({ truePositive, falseNegative }, n) =>
    truePositive + falseNegative > 0 ? [n] : [],
  );
  return [0, 1, 2].map((third) => {
    const [from, to] = [third, third + 1].map((t) => Math.round((t * holding.length) / 3)) as [number, number];
    if (from === to) return undefined;
    return measureStack(sliceStack(stack, holding[from]!, holding[to - 1]! + 1), options);
  });
}
