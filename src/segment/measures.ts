// Numbers about the class maps of a scan: sizes, and the agreement with a truth.
import { type MaskMetrics, masksOf } from "./mask-metrics.ts";
import type { Scan } from "./scan.ts";
import { countMasks, joinMasks, type MaskStack, measureStack, measureThirds, sliceStack } from "./stack-metrics.ts";
import type { MeasureOptions } from "./surface-metrics.ts";

/** The size of one class in a scan, and how well it agrees with a truth, where there is one. */
export interface ClassMeasure extends Partial<MaskMetrics> {
  readonly label: number;
  readonly name: string;
  readonly pixels: number;
  /** Area of a single picture. */
  readonly areaMm2?: number;
  /** Volume of a scan with slices. */
  readonly volumeMl?: number;
  /** Slices with at least one pixel of the class. */
  readonly slices: number;
  /** Pixels of the class in the truth. */
  readonly truthPixels?: number;
  /** The first, middle and last third of the slices that hold the truth, of a scan with slices; see `measureThirds`. */
  readonly thirds?: readonly (MaskMetrics | undefined)[];
  /** Each slice by itself, of a scan with slices. */
  readonly perSlice?: readonly SliceMeasure[];
}

/** The size of one class in one slice, and how well it agrees with the truth. */
export interface SliceMeasure extends Partial<MaskMetrics> {
  readonly areaMm2: number;
  readonly truthAreaMm2?: number;
}

/**
 * Measures every class but the background, label 0. Distances are in mm by the scan's spacing, as if its axes were at right angles:
 * those of a sheared scan are of the grid without the shear. It takes 2 bytes for each voxel, beside what `findSurfaces` takes.
 */
export function measureClasses(
  scan: Scan,
  names: readonly string[],
  maps: readonly Uint8Array[],
  truth: readonly Uint8Array[] | undefined,
  options: MeasureOptions = {},
): ClassMeasure[] {
  const [row, column] = scan.size.spacingMm;
  return names.slice(1).map((name, n) => {
    const label = n + 1;
    const perSlice = maps.map((map) => count(map, label));
    const pixels = sum(perSlice);
    const { voxelMm3 } = scan;
    const size = voxelMm3 === undefined ? { areaMm2: pixels * row * column } : { volumeMl: (pixels * voxelMm3) / 1000 };
    const measure = { label, name, pixels, ...size, slices: perSlice.filter((found) => found > 0).length };
    const areas = perSlice.map((found) => ({ areaMm2: found * row * column }));
    const isStack = scan.sliceMm !== undefined;
    if (!truth) return { ...measure, ...(isStack && { perSlice: areas }) };
    const stack = stackOf(scan, maps, truth, label);
    const expected = stack.counts.map(({ truePositive, falseNegative }) => truePositive + falseNegative);
    const whole = { ...measure, ...measureStack(stack, options), truthPixels: sum(expected) };
    if (!isStack) return whole;
    const measured = areas.map((area, slice) => ({
      ...area,
      truthAreaMm2: expected[slice]! * row * column,
      ...measureStack(sliceStack(stack, slice, slice + 1), options),
    }));
    return { ...whole, thirds: measureThirds(stack, options), perSlice: measured };
  });
}

function stackOf(
  { size: { height, width, spacingMm }, sliceMm }: Scan,
  maps: readonly Uint8Array[],
  truth: readonly Uint8Array[],
  label: number,
): MaskStack {
  const plane = height * width;
  const masks = joinMasks(maps.length, plane, (n) => masksOf(maps[n]!, truth[n]!, { label, targets: "index" }));
  const counts = maps.map((_, n) => countMasks(masks, n * plane, (n + 1) * plane));
  return { ...masks, shape: [maps.length, height, width], spacing: [sliceMm, ...spacingMm], counts };
}

function count(map: Uint8Array, label: number): number {
  let found = 0;
  for (const value of map) if (value === label) found++;
  return found;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
