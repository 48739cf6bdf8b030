// Which grey values are drawn black and white.
import type { Window } from "./tile.ts";

/** Most of the grey values: bright fat and fluid, a few per cent of the pixels, do not darken the rest. */
export function greyWindow(slices: readonly Float32Array[]): Window {
  const total = slices.reduce((sum, slice) => sum + slice.length, 0);
  const step = Math.max(1, Math.floor(total / 200_000));
  const values = slices.flatMap((slice) =>
    Array.from({ length: Math.ceil(slice.length / step) }, (_, n) => slice[n * step]!),
  );
  const sorted = Float32Array.from(values).sort();
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!;
  const [black, white] = [at(0.01), at(0.98)];
  return white > black ? { black, white } : { black: sorted[0]!, white: sorted.at(-1)! };
}
