// One slice with its classes, drawn at the size that its pixels' spacing asks for.
import type { Canvas, Color } from "./canvas.ts";

/** A slice with its classes, pixels row-major. */
export interface Picture {
  readonly height: number;
  readonly width: number;
  readonly grey: Float32Array;
  /** Class of each pixel, 0 = background. */
  readonly classes: Uint8Array;
  /** Expected classes, drawn as dashed white outlines. */
  readonly truth?: Uint8Array | undefined;
}

export interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Grey values that are drawn black and white. */
export interface Window {
  readonly black: number;
  readonly white: number;
}

/** Colours of classes 1, 2, ...: told apart in most kinds of colour blindness (Okabe and Ito, 2008). */
const palette: readonly Color[] = [
  [255, 165, 0],
  [86, 190, 240],
  [0, 190, 140],
  [240, 228, 66],
  [220, 130, 180],
  [230, 90, 30],
  [90, 130, 255],
];

export function classColor(label: number): Color {
  return palette[(label - 1) % palette.length]!;
}

const truthColor: Color = [255, 255, 255];
/** Between the dashes, so that white ones show on bright tissue. */
const truthGapColor: Color = [0, 0, 0];
const truthGapAlpha = 0.55;
const fillAlpha = 0.28;
const contourWidth = 2;

export function drawTile(canvas: Canvas, frame: Frame, picture: Picture, { black, white }: Window): void {
  const contrast = 255 / Math.max(white - black, Number.MIN_VALUE);
  const rowOf = (y: number) => Math.min(picture.height - 1, Math.floor(((y + 0.5) / frame.height) * picture.height));
  const columnOf = (x: number) => Math.min(picture.width - 1, Math.floor(((x + 0.5) / frame.width) * picture.width));
  const labels = (map: Uint8Array) => (x: number, y: number) => {
    if (x < 0 || y < 0 || x >= frame.width || y >= frame.height) return 0;
    return map[rowOf(y) * picture.width + columnOf(x)]!;
  };
  const [classAt, truthAt] = [labels(picture.classes), picture.truth && labels(picture.truth)];
  for (let y = 0; y < frame.height; y++) {
    for (let x = 0; x < frame.width; x++) {
      const value = sample(
        picture,
        ((x + 0.5) / frame.width) * picture.width - 0.5,
        ((y + 0.5) / frame.height) * picture.height - 0.5,
      );
      const grey = Math.min(255, Math.max(0, (value - black) * contrast));
      const [left, top] = [frame.left + x, frame.top + y];
      canvas.blend(left, top, [grey, grey, grey]);
      const label = classAt(x, y);
      const isContour = label > 0 && isEdge(classAt, x, y, contourWidth);
      if (label > 0) canvas.blend(left, top, classColor(label), isContour ? 1 : fillAlpha);
      if (!truthAt || truthAt(x, y) === 0 || !isEdge(truthAt, x, y, 1)) continue;
      if ((x + y) % 8 < 4) canvas.blend(left, top, truthColor);
      else if (!isContour) canvas.blend(left, top, truthGapColor, truthGapAlpha);
    }
  }
}

/** Bilinear between pixel centres; constant beyond the outermost. */
function sample({ height, width, grey }: Picture, column: number, row: number): number {
  const x = Math.min(width - 1, Math.max(0, column));
  const y = Math.min(height - 1, Math.max(0, row));
  const [x0, y0] = [Math.floor(x), Math.floor(y)];
  const [x1, y1] = [Math.min(width - 1, x0 + 1), Math.min(height - 1, y0 + 1)];
  const upper = grey[y0 * width + x0]! * (1 - (x - x0)) + grey[y0 * width + x1]! * (x - x0);
  const lower = grey[y1 * width + x0]! * (1 - (x - x0)) + grey[y1 * width + x1]! * (x - x0);
  return upper * (1 - (y - y0)) + lower * (y - y0);
}

function isEdge(at: (x: number, y: number) => number, x: number, y: number, width: number): boolean {
  const label = at(x, y);
  for (let d = 1; d <= width; d++) {
    if (at(x - d, y) !== label || at(x + d, y) !== label || at(x, y - d) !== label || at(x, y + d) !== label)
      return true;
  }
  return false;
}
