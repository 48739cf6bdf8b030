// How far two masks are apart, in millimetres.
import { UsageError } from "../errors.ts";
import { checkOptions, flag, numbers, numeric, type Rules } from "../options.ts";
import { byEmptiness, type EmptyOptions } from "./empty-masks.ts";
import { findSurfaces, type MaskGrid, type Surface, type SurfacePair } from "./surface.ts";

/** How far the surface of a prediction is from that of the truth; of single slices their contours. See `byEmptiness` for empty masks. */
export interface SurfaceMetrics {
  /** The largest distance of an element of one surface to the other surface, in mm, the larger of both directions. */
  readonly hausdorff: number | undefined;
  /** The distance within which 95 % of a surface lie, by area, in mm, the larger of both directions. */
  readonly hausdorff95: number | undefined;
  /**
   * Average symmetric surface distance in mm: the mean over the elements of both surfaces together, by area. The package has the two
   * means by themselves.
   */
  readonly assd: number | undefined;
  /** Normalised surface distance, from 0 to 1: the share of both surfaces, by area, that lies within the tolerance of the other. */
  readonly surfaceDice: number | undefined;
}

/** A measure of distance. */
export type SurfaceMetricName = keyof SurfaceMetrics;
/** The keys of SurfaceMetrics, in the order of tables. */
export const surfaceMetricNames = [
  "hausdorff95",
  "hausdorff",
  "assd",
  "surfaceDice",
] as const satisfies readonly SurfaceMetricName[];

/** What is undefined of masks that are not measured. */
export const noSurfaceMetrics: SurfaceMetrics = {
  hausdorff: undefined,
  hausdorff95: undefined,
  assd: undefined,
  surfaceDice: undefined,
};

/** What a user chooses about measures. */
export interface MeasureOptions extends EmptyOptions {
  /** Distance in mm within which surfaces count as the same, in surface Dice. Default 1. */
  readonly toleranceMm?: number | undefined;
}

/** What counts where nothing is said. */
export const defaultMeasures = { toleranceMm: 1, emptyIsPerfect: false } as const satisfies MeasureOptions;

export const measureRules: Rules<MeasureOptions> = { toleranceMm: numeric, emptyIsPerfect: flag };

const surfaceRules: Rules<MaskGrid & MeasureOptions> = { shape: numbers, spacing: numbers, ...measureRules };

/**
 * Measures the distance of two masks of one grid, [D, H, W] or [H, W]; elements that are not 0 are inside. See `findSurfaces` for the
 * definition of surfaces and for memory. Throws UsageError for sizes that do not fit, for a spacing that is not positive and for
 * a tolerance below 0.
 */
export function measureSurfaces(
  predicted: ArrayLike<number>,
  truth: ArrayLike<number>,
  options: MaskGrid & MeasureOptions,
): SurfaceMetrics {
  const { toleranceMm = defaultMeasures.toleranceMm, ...rest } = checkOptions("measureSurfaces", options, surfaceRules);
  if (!(toleranceMm >= 0)) throw new UsageError(`surface: got tolerance ${toleranceMm} mm, expected 0 or more`);
  const pair = findSurfaces(predicted, truth, rest);
  const counts = { predicted: pair.predicted.sizes.length, truth: pair.truth.sizes.length };
  return byEmptiness(counts, rest, {
    some: () =>
      counts.predicted * counts.truth > 0 ? measurePair(pair, toleranceMm) : { ...noSurfaceMetrics, surfaceDice: 0 },
    none: noSurfaceMetrics,
    perfect: { hausdorff: 0, hausdorff95: 0, assd: 0, surfaceDice: 1 },
  });
}

function measurePair({ predicted, truth }: SurfacePair, toleranceMm: number): SurfaceMetrics {
  const both = [predicted, truth];
  const whole = sumOver(both, ({ sizes }, i) => sizes[i]!);
  return {
    hausdorff: Math.max(...both.map(({ distances }) => distances.at(-1)!)),
    hausdorff95: Math.max(...both.map((surface) => percentile(surface, 0.95))),
    assd: sumOver(both, ({ distances, sizes }, i) => distances[i]! * sizes[i]!) / whole,
    surfaceDice: sumOver(both, ({ distances, sizes }, i) => (distances[i]! <= toleranceMm ? sizes[i]! : 0)) / whole,
  };
}

function sumOver(surfaces: readonly Surface[], term: (surface: Surface, element: number) => number): number {
  let sum = 0;
  for (const surface of surfaces) for (let i = 0; i < surface.sizes.length; i++) sum += term(surface, i);
  return sum;
}

/** The distance of the first element at which `share` of the surface is reached; a rounding error less is reached too. */
function percentile(surface: Surface, share: number): number {
  const { distances, sizes } = surface;
  const whole = sumOver([surface], (_, i) => sizes[i]!);
  let reached = 0;
  for (let i = 0; i < sizes.length; i++) {
    reached += sizes[i]!;
    if (reached / whole >= share - 1e-11) return distances[i]!;
  }
  return distances.at(-1)!;
}
