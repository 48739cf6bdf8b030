// What augmentation does to grey values.
import type { Random } from "../../random.ts";
import type { Size } from "./geometry.ts";

/** Bends the grey scale between the slice's smallest and largest value: both stay as they are. */
export function applyGamma(data: Float32Array, exponent: number): Float32Array {
  let [low, high] = [data[0]!, data[0]!];
  for (const value of data) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const span = high - low;
  if (span === 0) return data;
  const result = new Float32Array(data.length);
  for (let n = 0; n < data.length; n++) result[n] = low + span * ((data[n]! - low) / span) ** exponent;
  return result;
}

/** (value - mean) * factor + mean + offset, in place. */
export function applyContrast(image: Float32Array, factor: number, mean: number, offset: number): void {
  const constant = mean - mean * factor + offset;
  for (let n = 0; n < image.length; n++) image[n] = image[n]! * factor + constant;
}

/** Gaussian blur, in two passes; the image goes on at its edge as it ends. */
export function blur(image: Float32Array, [height, width]: Size, sigma: number): Float32Array {
  const weights = gaussian(sigma);
  const across = new Float32Array(image.length);
  blurLines(image, across, { lines: height, lineStep: width, length: width, step: 1 }, weights);
  const result = new Float32Array(image.length);
  blurLines(across, result, { lines: width, lineStep: 1, length: height, step: width }, weights);
  return result;
}

/** Weights of the pixel itself and of those at distance 1, 2, ... up to three sigma; all with both sides sum to 1. */
function gaussian(sigma: number): Float64Array {
  const radius = Math.ceil(3 * sigma);
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

/** Adds Gaussian noise to each pixel, in place. */
export function addNoise(image: Float32Array, sigma: number, random: Random): void {
  for (let n = 0; n < image.length; n++) image[n] = image[n]! + sigma * random.normal();
}
