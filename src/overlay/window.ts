// Which grey values are drawn black and white.
import type { SliceList } from "../slice-list.ts";
import type { Window } from "./tile.ts";

/** Most of the grey values: bright fat and fluid, a few per cent of the pixels, do not darken the rest. */
export function greyWindow(slices: SliceList): Window {
  const numbers = Array.from({ length: slices.length }, (_, n) => n);
  const total = numbers.reduce((sum, n) => sum + slices.at(n)!.length, 0);
  const step = Math.max(1, Math.floor(total / 200_000));
  const values = numbers.flatMap((number) => {
    const slice = slices.at(number)!;
    return Array.from({ length: Math.ceil(slice.length / step) }, (_, n) => slice[n * step]!);
  });
  const sorted = Float32Array.from(values).sort();
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!;
  const [black, white] = [at(0.01), at(0.98)];
  return white > black ? { black, white } : { black: sorted[0]!, white: sorted.at(-1)! };
}
