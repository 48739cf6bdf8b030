// From a segmentation to the bytes of its overlay picture.

import { basename } from "node:path";
import { writePng } from "../../index.ts";
import { formatSize } from "../measure.ts";
import type { Segmentation } from "../segmentation.ts";
import { drawSheet, type SheetTile } from "./sheet.ts";
import type { Window } from "./tile.ts";

const mostTiles = 12;

/** PNG of up to twelve slices, those with classes first, with contours, captions and a legend. */
export async function encodeOverlay(result: Segmentation): Promise<Uint8Array> {
  const { scan, file, maps, measures, truth, adapter } = result;
  const tiles = chooseSlices(maps).map((n): SheetTile => {
    const { height, width } = scan.size;
    const caption = scan.axis === undefined ? "" : `slice ${n + 1} of ${maps.length}`;
    return { picture: { height, width, grey: scan.slices[n]!, classes: maps[n]!, truth: truth?.maps[n] }, caption };
  });
  const { width, height, data } = drawSheet({
    title: basename(scan.name),
    legend: measures.map((measure) => {
      const dsc = measure.dsc === undefined ? "" : `, DSC ${measure.dsc.toFixed(3)}`;
      return { label: measure.label, text: `${measure.name}: ${formatSize(measure)}${dsc}` };
    }),
    footer: `${basename(file.name)} on ${adapter}`,
    tiles,
    spacingMm: scan.size.spacingMm,
    window: greyWindow(scan.slices),
    hasTruth: truth !== undefined,
  });
  return writePng({ width, height, channels: 3, data });
}

/** Evenly spaced among the slices with a class; among all where there is none. */
function chooseSlices(maps: readonly Uint8Array[]): number[] {
  const all = maps.map((_, n) => n);
  const found = all.filter((n) => maps[n]!.some((label) => label > 0));
  const candidates = found.length > 0 ? found : all;
  const count = Math.min(mostTiles, candidates.length);
  const at = (n: number) => (count === 1 ? (candidates.length - 1) / 2 : (n * (candidates.length - 1)) / (count - 1));
  return Array.from({ length: count }, (_, n) => candidates[Math.round(at(n))]!);
}

/** Most of the grey values: bright fat and fluid, a few per cent of the pixels, do not darken the rest. */
function greyWindow(slices: readonly Float32Array[]): Window {
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
