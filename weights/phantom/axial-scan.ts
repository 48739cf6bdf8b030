// What the scanner does to axial slices: coil sensitivity, a smooth bias field, noise, and the window to 8 bits.

import { clamp, createRandom, latticeNoise } from "./random.ts";
import { rician } from "./scan.ts";

/** Signals (about 0..1) of a subject's slices to grey values; all slices share receiver and window. */
export function scanSlices(
  signals: readonly Float64Array[],
  size: number,
  seed: number,
): readonly Uint8Array<ArrayBuffer>[] {
  const random = createRandom(seed * 1566083941 + 7);
  const noise = random.between(0.01, 0.035);
  const coil = random.between(0.1, 0.6);
  const across = random.between(-0.12, 0.12);
  const bow = random.between(-0.15, 0.2);
  const uneven = random.between(0.05, 0.25);
  const blur = random.between(0.06, 0.17);
  const measured = signals.map((signal, slice) =>
    blurred(signal, size, blur).map((value, pixel) => {
      const u = (2 * (pixel % size)) / (size - 1) - 1;
      const v = (2 * Math.floor(pixel / size)) / (size - 1) - 1;
      // The coil lies under the back: brightness grows towards it.
      const patches = latticeNoise(seed + 191, 1.4 * u, 1.4 * v, slice / 12) - 0.5;
      const field = (1 + coil * (0.55 * v + 0.3 * v * v)) * (1 + across * u - bow * u * u) * (1 + uneven * patches);
      return rician(value * Math.max(field, 0.05), noise, random);
    }),
  );
  const middle = measured.flatMap((slice) => [...centre(slice, size)]);
  const white = quantile(middle, 0.985) * random.between(0.95, 1.15);
  return measured.map((slice) => Uint8Array.from(slice, (value) => clamp(Math.round((255 * value) / white), 0, 255)));
}

/** What a finite sampling of k-space does, about: each pixel gives `part` of itself to each neighbour, along each axis. */
function blurred(signal: Float64Array, size: number, part: number): Float64Array {
  const along = (source: Float64Array, step: number, place: (pixel: number) => number): Float64Array =>
    source.map((own, pixel) => {
      const at = place(pixel);
      const before = at > 0 ? source[pixel - step]! : own;
      const after = at < size - 1 ? source[pixel + step]! : own;
      return own + part * (before + after - 2 * own);
    });
  const rows = along(signal, 1, (pixel) => pixel % size);
  return along(rows, size, (pixel) => Math.floor(pixel / size));
}

/** The middle half of each axis, where the spine is: fat near the coil may saturate. */
function centre(slice: Float64Array, size: number): Float64Array {
  return slice.filter((_, pixel) => {
    const isIn = (at: number) => at >= size / 4 && at < (3 * size) / 4;
    return isIn(pixel % size) && isIn(Math.floor(pixel / size));
  });
}

function quantile(values: readonly number[], part: number): number {
  return Float64Array.from(values).sort()[Math.floor(part * (values.length - 1))]!;
}
