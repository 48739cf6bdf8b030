// How well predicted class maps agree with labels: exact counts of pixels, and the ratios made of them.
// `byEmptiness` says what becomes of classes that prediction or labels do not have.
import { UsageError } from "../errors.ts";
import { byEmptiness, type EmptyOptions } from "./empty-masks.ts";

/** `index`: a class each, or `ignoreIndex`. `sets`: bit c says that class c may be; all bits where a pixel counts nowhere. */
export type TargetKind = "index" | "sets";

/** Labels of pixels that count nowhere: an index, and the set of all classes there could be. */
export const ignoreIndex = 255;
export const ignoreSet = 0xffffffff;

/** Pixels of one class; whole numbers, exact to 2^53. */
export interface ClassCounts {
  readonly truePositive: number;
  readonly falsePositive: number;
  readonly falseNegative: number;
  readonly trueNegative: number;
}

/** How well one class is predicted, each from 0 to 1, but for the difference of volumes. */
export interface ClassMetrics {
  /** 2 TP / (2 TP + FP + FN); undefined where the class is neither predicted nor labelled. */
  readonly dsc: number | undefined;
  /** TP / (TP + FP + FN); undefined where DSC is. */
  readonly iou: number | undefined;
  /** TP / (TP + FP); undefined where the class is not predicted. */
  readonly precision: number | undefined;
  /** TP / (TP + FN); undefined where the class is not labelled. */
  readonly recall: number | undefined;
  /** TN / (TN + FP); undefined where everything is labelled with the class. */
  readonly specificity: number | undefined;
  /** (FP - FN) / (TP + FN), relative to the labels: above 0 where too much is predicted; undefined where the class is not labelled. */
  readonly volumeDifference: number | undefined;
}

export type MetricName = keyof ClassMetrics;
/** The keys of ClassMetrics, in the order of tables. */
export const metricNames = [
  "dsc",
  "iou",
  "precision",
  "recall",
  "specificity",
  "volumeDifference",
] as const satisfies readonly MetricName[];

/**
 * Counts the pixels of one image, for every class from 0, the background.
 * - index labels: the usual confusion counts; pixels with label 255 are left out
 * - sets: for class c a pixel is positive where c is all that its set holds and negative where c is not in its set. Where the
 *   set holds c beside others nobody knows, so the pixel is left out for class c; but a prediction outside of the set is a false
 *   positive of the class that was predicted. Neither the empty set nor the set of all 32 bits counts.
 * Throws UsageError for sizes that differ and for classes that are not there.
 */
export function countPixels(
  predicted: ArrayLike<number>,
  labels: Uint32Array,
  { classes, targets }: { readonly classes: number; readonly targets: TargetKind },
): ClassCounts[] {
  if (predicted.length !== labels.length) {
    throw new UsageError(`metrics: ${predicted.length} predicted pixels, expected ${labels.length} as labels`);
  }
  const counter = new Counter(classes);
  const count = targets === "index" ? countIndex : countSet;
  for (let i = 0; i < predicted.length; i++) {
    const found = predicted[i]!;
    if (!(found >= 0 && found < classes))
      throw new UsageError(`metrics: pixel ${i} is predicted ${found}, expected 0 to ${classes - 1}`);
    count(counter, found, labels[i]!, i);
  }
  return counter.counts();
}

class Counter {
  readonly classes: number;
  readonly truePositive: Float64Array;
  readonly falsePositive: Float64Array;
  readonly falseNegative: Float64Array;
  /** Pixels that are certainly not of the class. */
  readonly negative: Float64Array;

  constructor(classes: number) {
    this.classes = classes;
    this.truePositive = new Float64Array(classes);
    this.falsePositive = new Float64Array(classes);
    this.falseNegative = new Float64Array(classes);
    this.negative = new Float64Array(classes);
  }

  counts(): ClassCounts[] {
    return Array.from(this.truePositive, (truePositive, c) => ({
      truePositive,
      falsePositive: this.falsePositive[c]!,
      falseNegative: this.falseNegative[c]!,
      trueNegative: this.negative[c]! - this.falsePositive[c]!,
    }));
  }
}

function countIndex(counter: Counter, predicted: number, label: number, pixel: number): void {
  if (label === ignoreIndex) return;
  if (!(label < counter.classes)) {
    throw new UsageError(
      `metrics: pixel ${pixel} has label ${label}, expected 0 to ${counter.classes - 1} or ${ignoreIndex}`,
    );
  }
  for (let c = 0; c < counter.classes; c++) if (c !== label) counter.negative[c]!++;
  if (predicted === label) counter.truePositive[label]!++;
  else {
    counter.falsePositive[predicted]!++;
    counter.falseNegative[label]!++;
  }
}

function countSet(counter: Counter, predicted: number, set: number, pixel: number): void {
  if (set === 0 || set === ignoreSet) return;
  if (!(set < 2 ** counter.classes)) {
    throw new UsageError(`metrics: pixel ${pixel} has set ${set}, expected bits of ${counter.classes} classes`);
  }
  for (let c = 0; c < counter.classes; c++) if (((set >>> c) & 1) === 0) counter.negative[c]!++;
  const isSingle = (set & (set - 1)) === 0;
  const isInside = ((set >>> predicted) & 1) === 1;
  if (isInside && isSingle) counter.truePositive[predicted]!++;
  if (isInside) return;
  counter.falsePositive[predicted]!++;
  if (isSingle) counter.falseNegative[31 - Math.clz32(set)]!++;
}

/** Counts of several images together. */
export function addCounts(images: readonly (readonly ClassCounts[])[]): ClassCounts[] {
  return (images[0] ?? []).map((_, c) => {
    const total = (field: keyof ClassCounts) => images.reduce((sum, counts) => sum + counts[c]![field], 0);
    return {
      truePositive: total("truePositive"),
      falsePositive: total("falsePositive"),
      falseNegative: total("falseNegative"),
      trueNegative: total("trueNegative"),
    };
  });
}

export function measureClass(counts: ClassCounts, options: EmptyOptions = {}): ClassMetrics {
  const { truePositive, falsePositive, falseNegative, trueNegative } = counts;
  const ratio = (part: number, whole: number) => (whole === 0 ? undefined : part / whole);
  const [predicted, truth] = [truePositive + falsePositive, truePositive + falseNegative];
  const overlap = (empty: number | undefined, difference: number | undefined) => ({
    dsc: empty,
    iou: empty,
    precision: empty,
    recall: empty,
    volumeDifference: difference,
  });
  const metrics = byEmptiness({ predicted, truth }, options, {
    some: () => ({
      dsc: ratio(2 * truePositive, predicted + truth),
      iou: ratio(truePositive, truePositive + falsePositive + falseNegative),
      precision: ratio(truePositive, predicted),
      recall: ratio(truePositive, truth),
      volumeDifference: ratio(predicted - truth, truth),
    }),
    none: overlap(undefined, undefined),
    perfect: overlap(1, 0),
  });
  return { ...metrics, specificity: ratio(trueNegative, trueNegative + falsePositive) };
}
