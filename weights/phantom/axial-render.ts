// One slice of a subject: each pixel the mean of points within it, so that edges hold parts of both tissues.

import { paintBones } from "./axial-bones.ts";
import { paintCanal, paintCanalFat } from "./axial-canal.ts";
import { paintDisc } from "./axial-disc.ts";
import { AXIAL_CLASSES } from "./axial-labels.ts";
import { paintMuscles } from "./axial-muscles.ts";
import { atLevel, createSection, type LevelIndex, type Section } from "./axial-section.ts";
import { type Spot, textureSpot } from "./axial-spot.ts";
import type { AxialSubject } from "./axial-subject.ts";
import { paintSurroundings } from "./axial-surroundings.ts";
import { latticeNoise, sineCosine } from "./random.ts";
import type { Sample } from "./sample.ts";

/** The field of every slice, along both sides. */
export const FIELD_MM = 179.2;
export const SLICE_MM = 4;

/** A pixel's points, column and row of 3 x 3, its corners first. Column + row, modulo 3, is a point's depth in the slice. */
const POINTS = [
  [0, 0],
  [2, 0],
  [0, 2],
  [2, 2],
  [1, 0],
  [0, 1],
  [1, 1],
  [2, 1],
  [1, 2],
] as const;
const CORNERS = 4;
/** Where the corners of a pixel have one label and signals this close, it lies inside of a tissue: they are enough. */
const UNIFORM = 0.02;

export interface RenderedSlice {
  readonly signal: Float64Array;
  readonly labels: Uint8Array<ArrayBuffer>;
}

/** The slice whose middle lies `belowMm` under that of a level's disc. */
export function renderSlice(subject: AxialSubject, index: LevelIndex, belowMm: number, size: number): RenderedSlice {
  const depths = [-1, 0, 1].map((n) => createSection(subject, index, belowMm + (n * SLICE_MM) / 3));
  const { level, z } = depths[1]!;
  const spacing = FIELD_MM / size;
  const [sine, cosine] = sineCosine(atLevel(subject.turn, level));
  const shift = atLevel(subject.shift, level);
  const signal = new Float64Array(size * size);
  const labels = new Uint8Array(size * size);
  const spot: Spot = { x: 0, y: 0, fine: 0, medium: 0, coarse: 0, layered: 0, bowel: 0 };
  const pixel = createPixel();
  let bendX = 0;
  let bendY = 0;

  /** From mm in the image, relative to its middle, to mm of the landmarks. */
  const place = (right: number, back: number): void => {
    const u = right - shift;
    const v = back - subject.middle;
    spot.x = (cosine * u + sine * v) / subject.width + bendX;
    spot.y = (cosine * v - sine * u) / subject.depth + bendY;
  };

  for (let at = 0; at < signal.length; at++) {
    const right = ((at % size) - (size - 1) / 2) * spacing;
    const back = (Math.floor(at / size) - (size - 1) / 2) * spacing;
    bendX = bend(subject, 181, right, back, z);
    bendY = bend(subject, 182, right, back, z);
    place(right, back);
    textureSpot(spot, subject, z);
    pixel.clear();
    for (const [column, row] of POINTS) {
      place(right + ((column - 1) * spacing) / 3, back + ((row - 1) * spacing) / 3);
      paintSpot(subject, depths[(column + row) % 3]!, spot, pixel.sample);
      pixel.add();
      if (pixel.count === CORNERS && pixel.isUniform()) break;
    }
    signal[at] = pixel.mean();
    labels[at] = pixel.majority();
  }
  return { signal, labels };
}

/** A smooth displacement in mm that makes the sides unlike; each `field` is one of its own. */
function bend({ noise, warp }: AxialSubject, field: number, x: number, y: number, z: number): number {
  return 2 * warp * (latticeNoise(noise + field, x / 48, y / 48, z / 80) - 0.5);
}

function paintSpot(subject: AxialSubject, section: Section, spot: Spot, sample: Sample): void {
  if (!paintSurroundings(subject, section, spot, sample)) return;
  paintMuscles(subject, section, spot, sample);
  paintCanalFat(subject, section, spot, sample);
  paintBones(subject, section, spot, sample);
  paintCanal(subject, section, spot, sample);
  paintDisc(subject, section, spot, sample);
}

/** Collects the points of a pixel: paint into `sample`, then `add`. */
function createPixel() {
  const sample: Sample = { value: 0, label: 0 };
  const votes = new Uint8Array(AXIAL_CLASSES.length);
  let sum = 0;
  let lowest = 0;
  let highest = 0;
  return {
    sample,
    count: 0,
    clear(): void {
      this.count = 0;
      sum = 0;
      lowest = Infinity;
      highest = -Infinity;
      votes.fill(0);
    },
    add(): void {
      this.count++;
      sum += sample.value;
      lowest = Math.min(lowest, sample.value);
      highest = Math.max(highest, sample.value);
      votes[sample.label]!++;
    },
    isUniform(): boolean {
      return highest - lowest < UNIFORM && votes[sample.label] === this.count;
    },
    mean(): number {
      return sum / this.count;
    },
    /** The label of most points; among equals the higher one, as the background is 0. */
    majority(): number {
      let best = 0;
      for (let label = 1; label < votes.length; label++) {
        if (votes[label]! > 0 && votes[label]! >= votes[best]!) best = label;
      }
      return best;
    },
  };
}
