// Slices at another pixel spacing.

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
