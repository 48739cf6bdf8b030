import { clamp } from "./random.ts";

/** One point while it is painted: the signal so far, and the label of what covers it. */
export interface Sample {
  value: number;
  label: number;
}

/** Labels of the truth. Everything else, the sacrum included, is 0. */
export const LABEL = { background: 0, body: 1, disc: 2, sac: 3, posterior: 4 } as const;

/** How much of a point a shape covers: 1 inside, 0 outside, 0.5 on its edge; `distance` in mm, negative inside. */
export function coverage(distance: number, edge: number): number {
  const t = clamp(0.5 - distance / (2 * edge), 0, 1);
  return t * t * (3 - 2 * t);
}

/** Paints over a point; the label changes where the shape covers more than half. */
export function paint(sample: Sample, cover: number, value: number, label: number): void {
  if (cover <= 0) return;
  sample.value += (value - sample.value) * cover;
  if (cover > 0.5) sample.label = label;
}
