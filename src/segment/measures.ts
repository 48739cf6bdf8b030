// Numbers about class maps: sizes, and the agreement with a truth.
import { measureClass } from "./metrics.ts";
import type { Scan } from "./scan.ts";

/** The size of one class in a scan, and how well it agrees with a truth. */
export interface ClassMeasure {
  readonly label: number;
  readonly name: string;
  readonly pixels: number;
  /** Area of a single picture. */
  readonly areaMm2?: number;
  /** Volume of a scan with slices. */
  readonly volumeMl?: number;
  /** Slices with at least one pixel of the class. */
  readonly slices: number;
  /** 2 |A and B| / (|A| + |B|) over all slices, as `measureClass` has it; undefined where neither has a pixel. */
  readonly dsc?: number | undefined;
  /** Pixels of the class in the truth. */
  readonly truthPixels?: number;
}

/** Measures every class but the background, label 0. */
export function measureClasses(
  scan: Scan,
  names: readonly string[],
  maps: readonly Uint8Array[],
  truth: readonly Uint8Array[] | undefined,
): ClassMeasure[] {
  const [row, column] = scan.size.spacingMm;
  return names.slice(1).map((name, n) => {
    const label = n + 1;
    const perSlice = maps.map((map) => count(map, label));
    const pixels = sum(perSlice);
    const { voxelMm3 } = scan;
    const size = voxelMm3 === undefined ? { areaMm2: pixels * row * column } : { volumeMl: (pixels * voxelMm3) / 1000 };
    const measure = { label, name, pixels, ...size, slices: perSlice.filter((found) => found > 0).length };
    if (!truth) return measure;
    const truthPixels = sum(truth.map((map) => count(map, label)));
    const truePositive = sum(maps.map((map, i) => countBoth(map, truth[i]!, label)));
    const [falsePositive, falseNegative] = [pixels - truePositive, truthPixels - truePositive];
    const { dsc } = measureClass({ truePositive, falsePositive, falseNegative });
    return { ...measure, dsc, truthPixels };
  });
}

function count(map: Uint8Array, label: number): number {
  let found = 0;
  for (const value of map) if (value === label) found++;
  return found;
}

function countBoth(a: Uint8Array, b: Uint8Array, label: number): number {
  let found = 0;
  for (let i = 0; i < a.length; i++) if (a[i] === label && b[i] === label) found++;
  return found;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
