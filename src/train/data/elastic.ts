// Smooth random deformation: a uniform cubic B-spline through random control points.
import type { Random } from "../../random.ts";
import type { Displacement, Size } from "./geometry.ts";

/** Distance between control points, and their largest displacement along each axis, in pixels. */
export interface ElasticOptions {
  readonly spacing: number;
  readonly amplitude: number;
}

/** Draws a displacement for each pixel; none is larger than the amplitude, since the spline's weights sum to 1. */
export function drawDisplacement(random: Random, size: Size, { spacing, amplitude }: ElasticOptions): Displacement {
  const [rows, columns] = size.map((length) => splineTaps(length, spacing)) as [SplineTap[], SplineTap[]];
  const points = [rows.at(-1)!.first + 4, columns.at(-1)!.first + 4] as const;
  const field = () => {
    const control = Float64Array.from({ length: points[0] * points[1] }, () => random.between(-amplitude, amplitude));
    return interpolate(control, points[1], rows, columns);
  };
  return { down: field(), right: field() };
}

/** The four control points around a pixel, and their weights. */
interface SplineTap {
  readonly first: number;
  readonly weights: readonly [number, number, number, number];
}

/** Source: de Boor, "A Practical Guide to Splines": the uniform cubic basis, sampled at pixel centres. */
function splineTaps(length: number, spacing: number): SplineTap[] {
  return Array.from({ length }, (_, n) => {
    const at = (n + 0.5) / spacing;
    const first = Math.floor(at);
    const t = at - first;
    const s = 1 - t;
    return {
      first,
      weights: [
        (s * s * s) / 6,
        (3 * t * t * t - 6 * t * t + 4) / 6,
        (3 * s * s * s - 6 * s * s + 4) / 6,
        (t * t * t) / 6,
      ],
    };
  });
}

/** Across the rows first, then along each. */
function interpolate(control: Float64Array, stride: number, rows: SplineTap[], columns: SplineTap[]): Float32Array {
  const result = new Float32Array(rows.length * columns.length);
  const line = new Float64Array(stride);
  rows.forEach(({ first, weights }, i) => {
    for (let k = 0; k < stride; k++) line[k] = weighted(control, first * stride + k, stride, weights);
    columns.forEach((column, j) => {
      result[i * columns.length + j] = weighted(line, column.first, 1, column.weights);
    });
  });
  return result;
}

function weighted(values: Float64Array, first: number, stride: number, weights: SplineTap["weights"]): number {
  const [a, b, c, d] = weights;
  return (
    a * values[first]! + b * values[first + stride]! + c * values[first + 2 * stride]! + d * values[first + 3 * stride]!
  );
}
