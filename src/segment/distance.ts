// The exact Euclidean distance transform, one axis after the other, in float64: Felzenszwalb and Huttenlocher, "Distance
// Transforms of Sampled Functions", 2012.
import { UsageError } from "../errors.ts";

/**
 * The distance of each element to the nearest one of `sites` that is not 0, in the unit of `spacing`; infinity where there is none.
 * `sites` is of any number of axes, row-major; `spacing` is the distance of neighbours along each axis.
 * It takes 8 bytes for each element. Throws UsageError for sizes that do not fit and for a spacing that is not positive.
 */
export function distanceTransform(
  sites: ArrayLike<number>,
  shape: readonly number[],
  spacing: readonly number[],
): Float64Array {
  const size = shape.reduce((product, length) => product * length, 1);
  if (sites.length !== size) throw new UsageError(`distance: got ${sites.length} elements, expected ${size} as shape`);
  if (spacing.length !== shape.length || !spacing.every((step) => step > 0 && Number.isFinite(step))) {
    throw new UsageError(`distance: got spacing [${spacing}], expected ${shape.length} positive numbers`);
  }
  const squares = Float64Array.from(sites, (site) => (site === 0 ? Number.POSITIVE_INFINITY : 0));
  let stride = size;
  shape.forEach((length, axis) => {
    stride /= length;
    const line = new Envelope(length, spacing[axis]!);
    for (let i = 0; i < size; i++) if (Math.floor(i / stride) % length === 0) line.transform(squares, i, stride);
  });
  for (let i = 0; i < size; i++) squares[i] = Math.sqrt(squares[i]!);
  return squares;
}

/** The lower envelope of the parabolas that stand on one line. */
class Envelope {
  readonly length: number;
  readonly step: number;
  readonly heights: Float64Array;
  /** The indices of the parabolas of the envelope, from left to right. */
  readonly apexes: Int32Array;
  /** Where each of them begins to be the lowest. */
  readonly starts: Float64Array;

  constructor(length: number, step: number) {
    this.length = length;
    this.step = step;
    this.heights = new Float64Array(length);
    this.apexes = new Int32Array(length);
    this.starts = new Float64Array(length);
  }

  /** Replaces the elements from `first` by the heights of the envelope above them. */
  transform(squares: Float64Array, first: number, stride: number): void {
    const { length, step, heights, apexes, starts } = this;
    let count = 0;
    for (let q = 0; q < length; q++) {
      heights[q] = squares[first + q * stride]!;
      if (heights[q] === Number.POSITIVE_INFINITY) continue;
      let start = Number.NEGATIVE_INFINITY;
      while (count > 0) {
        start = this.crossing(apexes[count - 1]!, q);
        if (start > starts[count - 1]!) break;
        start = Number.NEGATIVE_INFINITY;
        count--;
      }
      apexes[count] = q;
      starts[count] = start;
      count++;
    }
    if (count === 0) return;
    let k = 0;
    for (let q = 0; q < length; q++) {
      while (k + 1 < count && starts[k + 1]! < q) k++;
      const apex = apexes[k]!;
      squares[first + q * stride] = heights[apex]! + ((q - apex) * step) ** 2;
    }
  }

  /** Where the parabola of `right` gets below that of `left`, as an index. */
  private crossing(left: number, right: number): number {
    const rise = (this.heights[right]! - this.heights[left]!) / (this.step * this.step);
    return (rise / (right - left) + right + left) / 2;
  }
}
