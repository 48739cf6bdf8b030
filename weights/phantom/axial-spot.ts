// A point of a section while it is painted, with the noise fields that give tissues their texture.

import type { AxialSubject } from "./axial-subject.ts";
import { latticeNoise, mix } from "./random.ts";
import { bowel } from "./texture.ts";

export interface Spot {
  /** In mm of the landmarks: x from the midline, y to the back. */
  x: number;
  y: number;
  /** Noise in [0, 1) with cells of about 1.5, 3 and 10 mm. */
  fine: number;
  medium: number;
  coarse: number;
  /** Noise stretched sideways, as the septa in fat under the skin. */
  layered: number;
  /** Signal of the bowel there; 0 where none can be. */
  bowel: number;
}

/** Bowel lies in front of this y. */
export const BOWEL_FRONT = -20;

/** Lays the fields over the spot at height z in mm: once for each pixel, as they hardly change within one. */
export function textureSpot(spot: Spot, { noise, tissues, gas }: AxialSubject, z: number): void {
  const { x, y } = spot;
  // Turned by different angles, so that the fields' square cells do not line up.
  const p = 0.8 * x + 0.6 * y;
  const q = 0.8 * y - 0.6 * x;
  const r = 0.28 * x - 0.96 * y;
  const s = 0.28 * y + 0.96 * x;
  spot.fine = latticeNoise(noise + 141, r / 1.4, s / 1.4, z / 6);
  spot.medium = mix(latticeNoise(noise + 142, p / 3.1, q / 3.1, z / 16), spot.fine, 0.4);
  spot.coarse = latticeNoise(noise + 143, r / 9.5, s / 9.5, z / 20);
  spot.layered = latticeNoise(noise + 144, (x + 0.3 * y) / 19, (y + 4 * spot.coarse) / 6, z / 14);
  spot.bowel = y < BOWEL_FRONT ? bowel(tissues, noise, gas, y, x, z).signal : 0;
}
