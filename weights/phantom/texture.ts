// Signal of tissues that are not uniform, from noise fields in [0, 1) that the caller lays over them.

import type { Tissues } from "./contrast.ts";
import { latticeNoise, mix, smooth } from "./random.ts";
import { coverage } from "./sample.ts";

/** Muscle with fatty streaks, the more the higher `fattiness` (0..1). */
export function marbledMuscle(tissues: Tissues, fattiness: number, streak: number, patch: number): number {
  const fatty = fattiness * smooth(0.45, 0.8, 0.6 * streak + 0.4 * patch);
  return mix(tissues.muscle, tissues.fat, 0.85 * fatty) * (0.85 + 0.3 * streak);
}

/** Fat under the skin, with thin dark septa where the field crosses its middle. */
export function septatedFat(tissues: Tissues, septa: number): number {
  return tissues.skinFat * (0.94 + 0.12 * septa - 0.11 * smooth(0.09, 0.01, Math.abs(septa - 0.5)));
}

/** Marrow within a dark cortex; `distance` to the bone's surface in mm, negative inside; `grain` -0.5..0.5, `texture` its strength. */
export function corticalBone(tissues: Tissues, distance: number, texture: number, grain: number): number {
  const marrow = mix(tissues.marrow, tissues.fat, 0.12) * (1 + 0.35 * texture * grain);
  return mix(marrow, tissues.cortex, 0.9 * coverage(-distance - 0.9, 1.1));
}

export interface Bowel {
  readonly signal: number;
  /** Fields that made it, for tissue that lies between: [0, 1), [0, 1) and -0.5..0.5. */
  readonly loop: number;
  readonly fill: number;
  readonly fine: number;
}

/** Bowel at a point in mm: loops are cells of a coarse field, their walls where two fields are equal. */
export function bowel(tissues: Tissues, seed: number, gas: number, u: number, v: number, x: number): Bowel {
  // A second field bends the first, which hides its lattice.
  const bend = latticeNoise(seed + 66, u / 13, v / 13, x / 15) - 0.5;
  const twist = latticeNoise(seed + 67, u / 11, v / 12, x / 15) - 0.5;
  const p = (0.8 * u + 0.6 * v + 16 * bend) / 17;
  const q = (0.8 * v - 0.6 * u + 16 * twist) / 17;
  const loop = latticeNoise(seed + 62, p, q, x / 16);
  const other = latticeNoise(seed + 63, p, q, x / 16);
  const fill = latticeNoise(seed + 64, 0.7 * p, 0.7 * q, x / 22);
  const fine = latticeNoise(seed + 65, u / 4, v / 6, x / 5) - 0.5;
  const edgeOfLoop = smooth(0.12, 0.02, Math.abs(loop - other));
  let signal = mix(tissues.fat * 0.8, tissues.bowel, smooth(0.42, 0.55, loop));
  signal = mix(signal, tissues.fluid * 0.7, 0.5 * smooth(0.68, 0.85, fill));
  signal = mix(signal, tissues.air, Math.min(1, gas * 1.6) * smooth(0.7, 0.8, other));
  signal = mix(signal, tissues.muscle, 0.6 * edgeOfLoop) * (1 + 0.35 * fine);
  return { signal, loop, fill, fine };
}
