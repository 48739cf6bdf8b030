// A picture of a subject: a slice of each disc, and below it the same with the truth in colour.

import { writeLabelPng } from "../../src/formats/png/index.ts";
import type { AxialPhantom } from "./axial.ts";
import { LEVELS } from "./axial-labels.ts";

type Colour = readonly [red: number, green: number, blue: number];

/** By label; the background keeps its grey. */
const COLOURS: readonly Colour[] = [
  [255, 255, 255],
  [255, 90, 90],
  [255, 235, 60],
  [90, 200, 90],
  [90, 150, 255],
  [190, 110, 255],
  [255, 160, 60],
  [60, 220, 220],
];

/** Grey levels of each colour: together with the colours they fill a palette of 256. */
const SHADES = 32;

/** A PNG of 3 x 2 slices. */
export function drawOverview({ size, slices }: AxialPhantom): Uint8Array {
  const palette = COLOURS.flatMap(([red, green, blue]) =>
    Array.from({ length: SHADES }, (_, shade): Colour => {
      const part = shade / (SHADES - 1);
      return [Math.round(red * part), Math.round(green * part), Math.round(blue * part)];
    }),
  );
  const width = LEVELS.length * size;
  const data = new Uint8Array(2 * size * width);
  LEVELS.forEach((level, column) => {
    const ofDisc = slices.filter((slice) => slice.level === level);
    const { image, labels } = ofDisc[Math.floor(ofDisc.length / 2)]!;
    image.forEach((grey, pixel) => {
      const shade = Math.floor((grey * SHADES) / 256);
      const at = Math.floor(pixel / size) * width + column * size + (pixel % size);
      data[at] = shade;
      // Colours stay visible where the image is dark.
      const lit = labels[pixel] === 0 ? shade : 12 + Math.floor((19 * shade) / 31);
      data[at + size * width] = SHADES * labels[pixel]! + lit;
    });
  });
  return writeLabelPng({ width, height: 2 * size, data, palette });
}
