// Synthetic axial T2 slices of the lumbar spine with their truth: nobody was scanned.

import { LEVELS, type Level } from "./axial-labels.ts";
import { FIELD_MM, renderSlice, SLICE_MM } from "./axial-render.ts";
import { scanSlices } from "./axial-scan.ts";
import { drawAxialSubject } from "./axial-subject.ts";

export interface AxialOptions {
  /** Pixels along each side of a slice, 256 by default; the field stays 179.2 mm. */
  readonly size?: number;
  /** Slices of each of the three discs; 3 by default. */
  readonly slices?: number;
}

export interface AxialSlice {
  readonly level: Level;
  /** From the disc's middle to the slice's middle, positive towards the feet. */
  readonly belowMm: number;
  /** Row by row from front to back; the patient's left is at the right. */
  readonly image: Uint8Array<ArrayBuffer>;
  /** AXIAL_LABEL of each pixel. */
  readonly labels: Uint8Array<ArrayBuffer>;
}

export interface AxialPhantom {
  /** Rows and columns. */
  readonly size: number;
  readonly spacingMm: number;
  /** From the head down. */
  readonly slices: readonly AxialSlice[];
}

/** Draws the subject of a seed (an integer of 0 or more). The same seed gives the same bytes on every engine. */
export function createAxialPhantom(seed: number, { size = 256, slices = 3 }: AxialOptions = {}): AxialPhantom {
  const subject = drawAxialSubject(seed);
  const rendered = ([0, 1, 2] as const).flatMap((index) =>
    offsets(subject.discs[index].height, slices).map((belowMm) => ({
      level: LEVELS[index],
      belowMm,
      ...renderSlice(subject, index, belowMm, size),
    })),
  );
  const images = scanSlices(
    rendered.map(({ signal }) => signal),
    size,
    seed,
  );
  return {
    size,
    spacingMm: FIELD_MM / size,
    slices: rendered.map(({ level, belowMm, labels }, n) => ({ level, belowMm, image: images[n]!, labels })),
  };
}

/** Slices lie side by side, closer where the disc is too low for that: all pass through it, as in the paper. */
function offsets(discHeight: number, slices: number): number[] {
  const gap = slices === 1 ? 0 : Math.min(SLICE_MM, (0.68 * discHeight) / (slices - 1));
  return Array.from({ length: slices }, (_, n) => (n - (slices - 1) / 2) * gap);
}
