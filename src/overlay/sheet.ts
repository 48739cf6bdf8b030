// The overlay: slices with their classes side by side, under a title and a legend.
import { Canvas, type Color, fitText, textHeight, textWidth } from "./canvas.ts";
import { classColor, drawTile, type Picture, type Window } from "./tile.ts";

/** One slice of a sheet, and the text below it. */
export interface SheetTile {
  readonly picture: Picture;
  readonly caption: string;
}

/** A class in the legend: its index, which gives the colour, and its name. */
export interface LegendEntry {
  readonly label: number;
  readonly text: string;
}

/** Slices side by side with a title, a legend and a footer, as `encodeSheet` draws them. */
export interface Sheet {
  readonly title: string;
  readonly legend: readonly LegendEntry[];
  readonly footer: string;
  readonly tiles: readonly SheetTile[];
  readonly spacingMm: readonly [row: number, column: number];
  readonly window: Window;
  readonly hasTruth: boolean;
}

const background: Color = [22, 24, 29];
const bright: Color = [236, 238, 242];
const dim: Color = [150, 156, 168];
const gap = 10;
const textScale = 2;
const line = textHeight(textScale) + 6;
/** A sheet of one small picture still has room for its legend. */
const leastWidth = 520;

export function drawSheet(sheet: Sheet): Canvas {
  const { tiles } = sheet;
  const first = tiles[0]!.picture;
  const [tileHeight, tileWidth] = tileSize(first, sheet.spacingMm, tiles.length);
  const cellHeight = tileHeight + line;
  const columns = chooseColumns(tiles.length, tileWidth, cellHeight);
  const width = Math.max(leastWidth, columns * (tileWidth + gap) + gap);
  const legend = layLegend(sheet, width - 2 * gap);
  const top = gap + line + legend.lines * line + gap;
  const rows = Math.ceil(tiles.length / columns);
  const canvas = new Canvas(width, top + rows * (cellHeight + gap) + line + gap, background);

  const inner = width - 2 * gap;
  canvas.text(gap, gap, fitText(sheet.title, inner, textScale), { color: bright, scale: textScale });
  for (const { x, y, text, label } of legend.entries) {
    const [left, at] = [gap + x, gap + line + y * line];
    drawSwatch(canvas, left, at, label);
    canvas.text(left + swatch + 8, at, text, { color: bright, scale: textScale });
  }
  const start = Math.floor((width - (columns * (tileWidth + gap) - gap)) / 2);
  tiles.forEach(({ picture, caption }, n) => {
    const left = start + (n % columns) * (tileWidth + gap);
    const y = top + Math.floor(n / columns) * (cellHeight + gap);
    drawTile(canvas, { left, top: y, width: tileWidth, height: tileHeight }, picture, sheet.window);
    canvas.text(left, y + tileHeight + 4, fitText(caption, tileWidth, textScale), { color: dim, scale: textScale });
  });
  const footer = fitText(sheet.footer, inner, textScale);
  canvas.text(gap, canvas.height - gap - textHeight(textScale), footer, { color: dim, scale: textScale });
  return canvas;
}

/** Rows and columns of a tile: square millimetres, the longer side fit for the number of tiles. */
function tileSize({ height, width }: Picture, [row, column]: Sheet["spacingMm"], count: number): [number, number] {
  const longer = count === 1 ? 768 : count <= 4 ? 480 : 320;
  const [heightMm, widthMm] = [height * row, width * column];
  const scale = longer / Math.max(heightMm, widthMm);
  return [Math.max(1, Math.round(heightMm * scale)), Math.max(1, Math.round(widthMm * scale))];
}

/** The number of columns that brings the sheet nearest to 3:2. */
function chooseColumns(count: number, width: number, height: number): number {
  const candidates = Array.from({ length: count }, (_, n) => n + 1);
  const misfit = (columns: number) => {
    const rows = Math.ceil(count / columns);
    const empty = (rows * columns - count) / (rows * columns);
    return Math.abs(Math.log((columns * width) / (rows * height) / 1.5)) + 2 * empty;
  };
  return candidates.reduce((best, columns) => (misfit(columns) < misfit(best) ? columns : best));
}

const swatch = textHeight(textScale) - 4;

function drawSwatch(canvas: Canvas, left: number, top: number, label: number): void {
  if (label > 0) canvas.fill(left, top, swatch, swatch, classColor(label));
  else for (let x = 0; x < swatch; x += 6) canvas.fill(left + x, top + Math.floor(swatch / 2), 3, 2, bright);
}

interface PlacedEntry extends LegendEntry {
  readonly x: number;
  /** Line, from 0. */
  readonly y: number;
}

function layLegend({ legend, hasTruth }: Sheet, width: number): { entries: PlacedEntry[]; lines: number } {
  const entries: PlacedEntry[] = [];
  let [x, y] = [0, 0];
  for (const entry of [...legend, ...(hasTruth ? [{ label: 0, text: "truth" }] : [])]) {
    const text = fitText(entry.text, width - swatch - 8, textScale);
    const needed = swatch + 8 + textWidth(text, textScale) + 24;
    if (x > 0 && x + needed - 24 > width) {
      x = 0;
      y++;
    }
    entries.push({ label: entry.label, text, x, y });
    x += needed;
  }
  return { entries, lines: entries.length === 0 ? 0 : y + 1 };
}
