// Blurs of augmentation. At its edge the image goes on as it ends.
import type { Size } from "./geometry.ts";

/** A Gaussian, cut off at three sigma, or where a kernel of `kernel` pixels ends. */
export function gaussianBlur(image: Float32Array, size: Size, sigma: number, kernel?: number): Float32Array {
  const radius = kernel === undefined ? Math.ceil(3 * sigma) : (kernel - 1) / 2;
  return separable(image, size, gaussian(sigma, radius));
}

/** The mean of `kernel` x `kernel` pixels. */
export function meanBlur(image: Float32Array, size: Size, kernel: number): Float32Array {
  return separable(image, size, new Float64Array((kernel + 1) / 2).fill(1 / kernel));
}

/** The median of `kernel` x `kernel` pixels. */
export function medianBlur(image: Float32Array, size: Size, kernel: number): Float32Array {
  const radius = (kernel - 1) / 2;
  const steps = Array.from({ length: kernel }, (_, n) => n - radius);
  const window = steps.flatMap((row) => steps.map((column) => [row, column] as const));
  const values = new Float32Array(window.length);
  return eachPixel(size, (at) => {
    window.forEach(([row, column], n) => {
      values[n] = image[at(row, column)]!;
    });
    return values.sort()[(values.length - 1) / 2]!;
  });
}

/** The mean of `kernel` pixels along a line through the pixel; `degrees` from the row's direction, positive turns clockwise. */
export function motionBlur(image: Float32Array, size: Size, kernel: number, degrees: number): Float32Array {
  const angle = (degrees * Math.PI) / 180;
  const [down, right] = [Math.sin(angle), Math.cos(angle)];
  // The longer side of a step is one pixel, so that each step reaches another one.
  const longer = Math.max(Math.abs(down), Math.abs(right));
  const line = Array.from({ length: kernel }, (_, n) => {
    const step = n - (kernel - 1) / 2;
    return [Math.round((step * down) / longer), Math.round((step * right) / longer)] as const;
  });
  return eachPixel(size, (at) => {
    let sum = 0;
    for (const [row, column] of line) sum += image[at(row, column)]!;
    return sum / kernel;
  });
}

/** Calls `value` for each pixel with what tells where the pixel so many rows and columns away is. */
function eachPixel([height, width]: Size, value: (at: (rows: number, columns: number) => number) => number) {
  const result = new Float32Array(height * width);
  let [i, j] = [0, 0];
  const within = (at: number, length: number) => Math.min(Math.max(at, 0), length - 1);
  const at = (rows: number, columns: number) => within(i + rows, height) * width + within(j + columns, width);
  for (i = 0; i < height; i++) for (j = 0; j < width; j++) result[i * width + j] = value(at);
  return result;
}

/** In two passes, by the weights of the pixel itself and of those at distance 1, 2, ... */
function separable(image: Float32Array, [height, width]: Size, weights: Float64Array): Float32Array {
  const across = new Float32Array(image.length);
  blurLines(image, across, { lines: height, lineStep: width, length: width, step: 1 }, weights);
  const result = new Float32Array(image.length);
  blurLines(across, result, { lines: width, lineStep: 1, length: height, step: width }, weights);
  return result;
}

/** Weights at distance 0, 1, ... up to the radius; all with both sides sum to 1. */
function gaussian(sigma: number, radius: number): Float64Array {
  const weights = Float64Array.from({ length: radius + 1 }, (_, n) =>
    n === 0 ? 1 : Math.exp(-((n / sigma) ** 2) / 2),
  );
  const sum = weights.reduce((total, weight, n) => total + (n === 0 ? weight : 2 * weight), 0);
  return weights.map((weight) => weight / sum);
}

interface Lines {
  readonly lines: number;
  readonly lineStep: number;
  readonly length: number;
  readonly step: number;
}

function blurLines(
  from: Float32Array,
  to: Float32Array,
  { lines, lineStep, length, step }: Lines,
  weights: Float64Array,
) {
  for (let line = 0; line < lines; line++) {
    const start = line * lineStep;
    for (let n = 0; n < length; n++) {
      let sum = from[start + n * step]! * weights[0]!;
      for (let k = 1; k < weights.length; k++) {
        const before = from[start + Math.max(n - k, 0) * step]!;
        const after = from[start + Math.min(n + k, length - 1) * step]!;
        sum += (before + after) * weights[k]!;
      }
      to[start + n * step] = sum;
    }
  }
}
