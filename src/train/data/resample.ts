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
  forEachPixel(warp, (n, row, column) => {
    inside[n] = isInside(row, height) && isInside(column, width) ? 1 : 0;
    const y = clamp(row, height);
    const x = clamp(column, width);
    const [top, left] = [Math.floor(y), Math.floor(x)];
    const [down, right] = [y - top, x - left];
    const upper = top * width;
    const lower = Math.min(top + 1, height - 1) * width;
    const next = Math.min(left + 1, width - 1);
    const above = data[upper + left]! * (1 - right) + data[upper + next]! * right;
    const below = data[lower + left]! * (1 - right) + data[lower + next]! * right;
    image[n] = above * (1 - down) + below * down;
  });
  return { image, inside };
}

/** The label of the pixel that each place lies in; `outside` where it lies in none. */
export function sampleLabels(labels: Uint32Array, [height, width]: Size, warp: Warp, outside: number): Uint32Array {
  const result = new Uint32Array(warp.size[0] * warp.size[1]);
  forEachPixel(warp, (n, row, column) => {
    const at = Math.floor(row + 0.5) * width + Math.floor(column + 0.5);
    result[n] = isInside(row, height) && isInside(column, width) ? labels[at]! : outside;
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

function forEachPixel(warp: Warp, visit: (n: number, row: number, column: number) => void): void {
  const [height, width] = warp.size;
  const [a, b, c] = warp.column;
  const [d, e, f] = warp.row;
  const { displacement } = warp;
  let n = 0;
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++, n++) {
      const x = j + 0.5 + (displacement ? displacement.right[n]! : 0);
      const y = i + 0.5 + (displacement ? displacement.down[n]! : 0);
      visit(n, d * x + e * y + f, a * x + b * y + c);
    }
  }
}
