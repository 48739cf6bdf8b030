// Slices with their classes as one PNG picture.
import { writePng } from "../formats/png/index.ts";
import { drawSheet, type Sheet } from "./sheet.ts";

export type { LegendEntry, Sheet, SheetTile } from "./sheet.ts";
export type { Picture, Window } from "./tile.ts";
export { greyWindow } from "./window.ts";

/** Draws tiles with contours, captions and a legend. */
export function encodeSheet(sheet: Sheet): Uint8Array {
  const { width, height, data } = drawSheet(sheet);
  return writePng({ width, height, channels: 3, data });
}
