// What augmentation does to grey values.
import type { Random } from "../../random.ts";

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

/** Adds Gaussian noise to each pixel, in place. */
export function addNoise(image: Float32Array, sigma: number, random: Random): void {
  for (let n = 0; n < image.length; n++) image[n] = image[n]! + sigma * random.normal();
}
