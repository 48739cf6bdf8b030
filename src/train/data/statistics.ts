// Mean and deviation of grey values within a mask: the pixels of some classes.
// Source: the cervical spine thesis, equations 4.1 and 4.2; the divisor of the variance is n - 1.

import type { TargetKind } from "../../segment/metrics.ts";
import { isNifti, type Scan } from "./scan.ts";
import { type ClassMap, singleClass } from "./targets.ts";

/** Of the grey values of a file or of several. */
export interface MaskMoments {
  /** Pixels of the mask. */
  readonly count: number;
  readonly mean: number;
  /** Sum of the squared distances from the mean. */
  readonly squares: number;
}

/** What a z-score takes. */
export interface MaskStatistics {
  readonly mean: number;
  readonly deviation: number;
}

/** How the pixels of a mask are found. */
export interface MaskOptions {
  readonly classes: readonly number[];
  readonly classMap: ClassMap;
  readonly targets: TargetKind;
  /** The file of the labels, for messages. */
  readonly labels: string;
}

/** Of all slices of a scan, in float64. Throws FormatError for a label without a class. */
export function maskMoments(scan: Scan, slices: number, options: MaskOptions): MaskMoments {
  const chosen = new Set<number | undefined>(options.classes);
  const values: Float64Array[] = [];
  for (let n = 0; n < slices; n++) {
    const { image, labels } = scan.slice(n);
    const where = isNifti(options.labels) ? `${options.labels}: slice ${n}` : options.labels;
    const targets = options.classMap.apply(labels, where);
    const inside = Float64Array.from(image).filter((_, i) => chosen.has(singleClass(targets[i]!, options.targets)));
    values.push(inside);
  }
  const count = values.reduce((sum, { length }) => sum + length, 0);
  const total = values.reduce((sum, slice) => slice.reduce((a, b) => a + b, sum), 0);
  const mean = count === 0 ? 0 : total / count;
  const squares = values.reduce((sum, slice) => slice.reduce((a, b) => a + (b - mean) ** 2, sum), 0);
  return { count, mean, squares };
}

/** Of the pixels of both. Source: Chan, Golub and LeVeque, "Updating formulae", 1979, equation 2.1. */
export function pooled(a: MaskMoments, b: MaskMoments): MaskMoments {
  const count = a.count + b.count;
  if (count === 0) return a;
  const apart = b.mean - a.mean;
  const squares = a.squares + b.squares + (apart * apart * a.count * b.count) / count;
  return { count, mean: a.mean + (apart * b.count) / count, squares };
}

/** Undefined where the mask has fewer than two pixels, or is of one grey. */
export function statisticsOf({ count, mean, squares }: MaskMoments): MaskStatistics | undefined {
  return count < 2 || squares === 0 ? undefined : { mean, deviation: Math.sqrt(squares / (count - 1)) };
}
