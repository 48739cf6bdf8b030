// What the scanner does to the signal: coil sensitivity, saturation of the belly, noise, 12-bit storage.

import { createRandom, type Random, smooth } from "./random.ts";

/** Signal (about 0..1) to stored values. */
export function degrade(
  signal: Float64Array,
  shape: readonly [number, number, number],
  seed: number,
): Int16Array<ArrayBuffer> {
  const random = createRandom(seed * 1103515245 + 12345);
  const [columns, rows, slices] = shape;
  const noise = random.between(0.006, 0.03);
  const coil = random.between(0.1, 1.1);
  const tilt = random.between(-0.3, 0.3);
  const across = random.between(-0.15, 0.15);
  const bow = random.between(0, 0.4);
  const saturation = random.chance(0.5) ? random.between(0.2, 0.9) : 0;
  const band = random.between(0.1, 0.35);
  const gain = random.between(500, 900);
  const stored = new Int16Array(signal.length);
  let voxel = 0;
  for (let k = 0; k < slices; k++) {
    const z = (2 * k) / Math.max(slices - 1, 1) - 1;
    for (let j = 0; j < rows; j++) {
      const y = (2 * j) / (rows - 1) - 1;
      for (let i = 0; i < columns; i++, voxel++) {
        const x = i / (columns - 1);
        // The coil lies under the back: brightness grows towards it, ever faster.
        const field =
          (1 + coil * (x * x * x * 1.6 + 0.4 * x - 0.5)) * (1 + tilt * y + across * z - bow * y * y * y * y);
        const shade = 1 - saturation * smooth(band + 0.12, band - 0.08, x);
        const measured = rician(signal[voxel]! * Math.max(field, 0.05) * shade, noise, random);
        stored[voxel] = Math.min(4095, Math.round(gain * measured));
      }
    }
  }
  return stored;
}

/** The length of a complex signal with normal noise in both parts: the noise of magnitude images. */
export function rician(signal: number, noise: number, random: Random): number {
  const real = signal + noise * random.normal();
  const imaginary = noise * random.normal();
  return Math.sqrt(real * real + imaginary * imaginary);
}
