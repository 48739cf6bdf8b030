// Image and labels at the places that a warp names: bilinear for grey values, nearest for labels.
import type { Size, Warp } from "./geometry.ts";

/** An image, and where of it the slice is. */
export interface SampledImage {
  /** [height, width]; outside of the slice the value at its edge, so that filters see no step there. */
  readonly image: Float32Array;
  /** 1 for pixels that lie in the slice, 0 for others. */
  readonly inside: Uint8Array;
}

/**
 * Bilinear between pixel centres, in float64, in the order of `resampleSlice`. Within half a pixel of the edge the
 * slice goes on as it ends; further out is outside.
 */
export function sampleImage(data: Float32Array, [height, width]: Size, warp: Warp): SampledImage {
  const count = warp.size[0] * warp.size[1];
  const image = new Float32Array(count);
  const inside = new Uint8Array(count);
  forEachLine(warp, (start, rows, columns) => {
    for (let j = 0; j < rows.length; j++) {
      const [row, column] = [rows[j]!, columns[j]!];
      inside[start + j] = isInside(row, height) && isInside(column, width) ? 1 : 0;
      const y = clamp(row, height);
      const x = clamp(column, width);
      const top = Math.floor(y);
      const left = Math.floor(x);
      const down = y - top;
      const right = x - left;
      const upper = top * width;
      const lower = Math.min(top + 1, height - 1) * width;
      const next = Math.min(left + 1, width - 1);
      const above = data[upper + left]! * (1 - right) + data[upper + next]! * right;
      const below = data[lower + left]! * (1 - right) + data[lower + next]! * right;
      image[start + j] = above * (1 - down) + below * down;
    }
  });
  return { image, inside };
}

/** The label of the pixel that each place lies in; `outside` where it lies in none. */
export function sampleLabels(labels: Uint32Array, [height, width]: Size, warp: Warp, outside: number): Uint32Array {
  const result = new Uint32Array(warp.size[0] * warp.size[1]);
  forEachLine(warp, (start, rows, columns) => {
    for (let j = 0; j < rows.length; j++) {
      const [row, column] = [rows[j]!, columns[j]!];
      const at = Math.floor(row + 0.5) * width + Math.floor(column + 0.5);
      result[start + j] = isInside(row, height) && isInside(column, width) ? labels[at]! : outside;
    }
  });
  return result;
}

/** The pixels of a side reach from -0.5 to its length - 0.5. */
function isInside(at: number, length: number): boolean {
  return at >= -0.5 && at < length - 0.5;
}

function clamp(at: number, length: number): number {
  return Math.min(Math.max(at, 0), length - 1);
}

/** Line by line: the number of its first pixel, and where in the slice its pixels come from. */
function forEachLine(warp: Warp, visit: (start: number, rows: Float64Array, columns: Float64Array) => void): void {
  const [height, width] = warp.size;
  const [a, b, c] = warp.column;
  const [d, e, f] = warp.row;
  const { displacement } = warp;
  const rows = new Float64Array(width);
  const columns = new Float64Array(width);
  for (let i = 0; i < height; i++) {
    const start = i * width;
    for (let j = 0; j < width; j++) {
      const x = j + 0.5 + (displacement ? displacement.right[start + j]! : 0);
      const y = i + 0.5 + (displacement ? displacement.down[start + j]! : 0);
      rows[j] = d * x + e * y + f;
      columns[j] = a * x + b * y + c;
    }
    visit(start, rows, columns);
  }
}
