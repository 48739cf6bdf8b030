// All that is measured of two masks: how far they overlap, and how far their surfaces are apart.
import { type ClassMetrics, ignoreIndex, ignoreSet, metricNames, type TargetKind } from "./metrics.ts";
import { type SurfaceMetrics, surfaceMetricNames } from "./surface-metrics.ts";

/** How well a mask agrees with its truth. Surface measures are undefined where they were not asked for, too. */
export interface MaskMetrics extends ClassMetrics, SurfaceMetrics {}

/** A key of MaskMetrics. */
export type MaskMetricName = keyof MaskMetrics;
/** The keys of MaskMetrics, in the order of tables. */
export const maskMetricNames = [...metricNames, ...surfaceMetricNames] as const satisfies readonly MaskMetricName[];

/** Mean of what is defined; undefined where nothing is. */
export function meanDefined(values: readonly (number | undefined)[]): number | undefined {
  const defined = values.filter((value) => value !== undefined);
  return defined.length === 0 ? undefined : defined.reduce((sum, value) => sum + value, 0) / defined.length;
}

/** Each metric's mean over those where it is defined. */
export function meanMetrics(all: readonly MaskMetrics[]): MaskMetrics {
  const mean = (name: MaskMetricName) => meanDefined(all.map((metrics) => metrics[name]));
  return {
    dsc: mean("dsc"),
    iou: mean("iou"),
    precision: mean("precision"),
    recall: mean("recall"),
    specificity: mean("specificity"),
    volumeDifference: mean("volumeDifference"),
    hausdorff95: mean("hausdorff95"),
    hausdorff: mean("hausdorff"),
    assd: mean("assd"),
    surfaceDice: mean("surfaceDice"),
  };
}

/** The paper's "DSC per class, averaged": each metric's mean over the classes but the background. */
export function meanOverForeground(classes: readonly MaskMetrics[]): MaskMetrics {
  return meanMetrics(classes.slice(1));
}

/** 1 where a pixel is of the class, of the prediction and of the labels. */
export interface MaskPair {
  readonly predicted: Uint8Array;
  readonly truth: Uint8Array;
}

/**
 * The masks of one class, as `countPixels` counts them: pixels that count nowhere, or of which nobody knows whether they are of the
 * class, are in neither.
 */
export function masksOf(
  map: ArrayLike<number>,
  labels: ArrayLike<number>,
  { label, targets }: { readonly label: number; readonly targets: TargetKind },
): MaskPair {
  const [predicted, truth] = [new Uint8Array(map.length), new Uint8Array(map.length)];
  const single = targets === "index" ? label : (1 << label) >>> 0;
  const isKnown =
    targets === "index"
      ? (target: number) => target !== ignoreIndex
      : (target: number) => target !== 0 && target !== ignoreSet && (target === single || (target & single) === 0);
  for (let i = 0; i < map.length; i++) {
    const target = labels[i]!;
    if (target === single) truth[i] = 1;
    if (map[i] === label && isKnown(target)) predicted[i] = 1;
  }
  return { predicted, truth };
}
