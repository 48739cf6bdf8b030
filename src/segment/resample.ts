// Slices at another pixel spacing.

import { ShapeError } from "../errors.ts";
import { roundHalfEven } from "../round.ts";

/** A slice as a scanner gives it. */
export interface SliceSize {
  readonly height: number;
  readonly width: number;
  /** Distance between rows and between columns. */
  readonly spacingMm: readonly [row: number, column: number];
}

/** Longest side of a slice in pixels, before and after resampling; the maps of larger ones fit no GPU. */
const longestSide = 8192;

/** Rows and columns at `target` millimetres; those of the slice itself at its "own". Throws ShapeError for slices that are too large. */
export function resampledSize({ height, width, spacingMm }: SliceSize, target: number | "own"): [number, number] {
  requireSide("height", height);
  requireSide("width", width);
  if (target === "own") return [height, width];
  const resample = (side: "height" | "width", size: number, spacing: number) => {
    // As Python rounds, so that sizes are those of the training.
    const pixels = Math.max(1, roundHalfEven((size * spacing) / target));
    requireSide(side, pixels, ` at ${target} mm, got ${size} of ${spacing} mm`);
    return pixels;
  };
  return [resample("height", height, spacingMm[0]), resample("width", width, spacingMm[1])];
}

function requireSide(side: "height" | "width", pixels: number, found = ""): void {
  if (pixels <= longestSide) return;
  const kind = side === "height" ? "tall" : "wide";
  throw new ShapeError(`segment: slices are ${pixels} pixels ${kind}${found}, expected at most ${longestSide}`);
}

/**
 * Bilinear resampling between pixel centres, without antialiasing, in float64.
 * - data: [height, width]; result: [...to]
 * Source: https://pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html (bilinear, align_corners=False)
 */
export function resampleSlice(
  data: Float32Array,
  [height, width]: readonly [number, number],
  to: readonly [number, number],
): Float32Array {
  const rows = taps(height, to[0]);
  const columns = taps(width, to[1]);
  const result = new Float32Array(to[0] * to[1]);
  rows.forEach((row, y) => {
    const [upper, lower] = [row.first * width, row.second * width];
    columns.forEach((column, x) => {
      const above = data[upper + column.first]! * (1 - column.weight) + data[upper + column.second]! * column.weight;
      const below = data[lower + column.first]! * (1 - column.weight) + data[lower + column.second]! * column.weight;
      result[y * to[1] + x] = above * (1 - row.weight) + below * row.weight;
    });
  });
  return result;
}

interface Tap {
  readonly first: number;
  readonly second: number;
  /** Of the second; the first has the rest. */
  readonly weight: number;
}

function taps(from: number, to: number): Tap[] {
  return Array.from({ length: to }, (_, i) => {
    const at = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const first = Math.min(from - 1, Math.floor(at));
    return { first, second: Math.min(from - 1, first + 1), weight: at - first };
  });
}
