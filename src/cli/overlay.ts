// From a segmentation to the bytes of its overlay picture.

import { basename } from "node:path";
import { encodeSheet, greyWindow, type SheetTile } from "../node.ts";
import type { Segmentation } from "./segmentation.ts";
import { formatSize } from "./table.ts";

const mostTiles = 12;

/** PNG of up to twelve slices, those with classes first, with contours, captions and a legend. */
export async function encodeOverlay(result: Segmentation): Promise<Uint8Array> {
  const { scan, file, maps, measures, truth, adapter } = result;
  const tiles = chooseSlices(maps).map((n): SheetTile => {
    const { height, width } = scan.size;
    const caption = scan.axis === undefined ? "" : `slice ${n + 1} of ${maps.length}`;
    return { picture: { height, width, grey: scan.slices.at(n)!, classes: maps[n]!, truth: truth?.maps[n] }, caption };
  });
  return encodeSheet({
    title: basename(scan.name),
    legend: measures.map((measure) => {
      const dsc = truth === undefined ? "" : `, DSC ${measure.dsc?.toFixed(3) ?? "-"}`;
      return { label: measure.label, text: `${measure.name}: ${formatSize(measure)}${dsc}` };
    }),
    footer: `${basename(file.name)} on ${adapter}`,
    tiles,
    spacingMm: scan.size.spacingMm,
    window: greyWindow(scan.slices),
    hasTruth: truth !== undefined,
  });
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
