// An RGB picture in memory and the few things that are drawn on it.
import { glyphHeight, glyphPixel, glyphWidth } from "./font.ts";

export type Color = readonly [red: number, green: number, blue: number];

export interface TextStyle {
  readonly color: Color;
  /** Pixels of the picture per pixel of the font. */
  readonly scale: number;
}

export class Canvas {
  readonly width: number;
  readonly height: number;
  /** Row-major, three bytes per pixel. */
  readonly data: Uint8Array<ArrayBuffer>;

  constructor(width: number, height: number, background: Color) {
    this.width = width;
    this.height = height;
    this.data = new Uint8Array(width * height * 3);
    this.fill(0, 0, width, height, background);
  }

  /** Lays a colour over one pixel; outside of the picture nothing happens. */
  blend(x: number, y: number, [red, green, blue]: Color, alpha = 1): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    const at = (y * this.width + x) * 3;
    this.data[at] = Math.round(this.data[at]! * (1 - alpha) + red * alpha);
    this.data[at + 1] = Math.round(this.data[at + 1]! * (1 - alpha) + green * alpha);
    this.data[at + 2] = Math.round(this.data[at + 2]! * (1 - alpha) + blue * alpha);
  }

  fill(left: number, top: number, width: number, height: number, color: Color): void {
    for (let y = top; y < top + height; y++) {
      for (let x = left; x < left + width; x++) this.blend(x, y, color);
    }
  }

  /** One line of text, its upper left corner at (left, top). */
  text(left: number, top: number, text: string, { color, scale }: TextStyle): void {
    [...text].forEach((character, n) => {
      const start = left + n * (glyphWidth + 1) * scale;
      for (let y = 0; y < glyphHeight; y++) {
        for (let x = 0; x < glyphWidth; x++) {
          if (glyphPixel(character, x, y)) this.fill(start + x * scale, top + y * scale, scale, scale, color);
        }
      }
    });
  }
}

/** Width of a line in pixels, with the gap behind its last character. */
export function textWidth(text: string, scale: number): number {
  return [...text].length * (glyphWidth + 1) * scale;
}

export function textHeight(scale: number): number {
  return glyphHeight * scale;
}

/** The text, cut to `width` pixels; cut text ends in two dots. */
export function fitText(text: string, width: number, scale: number): string {
  const most = Math.max(0, Math.floor(width / textWidth("x", scale)));
  return [...text].length <= most ? text : `${[...text].slice(0, Math.max(0, most - 2)).join("")}..`;
}
