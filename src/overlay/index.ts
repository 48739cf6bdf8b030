// Slices with their classes as PNG pictures.
import { writePng } from "../formats/png/index.ts";
import { Canvas } from "./canvas.ts";
import { drawSheet, type Sheet } from "./sheet.ts";
import { drawTile, type Picture, type Window } from "./tile.ts";

export type { Color } from "./canvas.ts";
export type { LegendEntry, Sheet, SheetTile } from "./sheet.ts";
export { classColor, type Picture, type Window } from "./tile.ts";
export { greyWindow } from "./window.ts";

/** Draws tiles with contours, captions and a legend. */
export function encodeSheet(sheet: Sheet): Uint8Array {
  return encode(drawSheet(sheet));
}

/** Draws one slice with contours and nothing around it, its longer side `side` pixels. */
export function encodePicture(picture: Picture, window: Window, side: number): Uint8Array {
  const scale = side / Math.max(picture.width, picture.height);
  const pixels = (size: number) => Math.max(1, Math.round(size * scale));
  const [width, height] = [pixels(picture.width), pixels(picture.height)];
  const canvas = new Canvas(width, height, [0, 0, 0]);
  drawTile(canvas, { left: 0, top: 0, width, height }, picture, window);
  return encode(canvas);
}

function encode({ width, height, data }: Canvas): Uint8Array {
  return writePng({ width, height, channels: 3, data });
}
