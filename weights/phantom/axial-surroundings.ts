// Behind and around the muscles: air, skin, fat, the wall of the flank, bowel, great vessels, kidneys.

import { AXIAL_LABEL } from "./axial-labels.ts";
import { EDGE, type Section } from "./axial-section.ts";
import { BOWEL_FRONT, type Spot } from "./axial-spot.ts";
import { type AxialSubject, SIDES } from "./axial-subject.ts";
import { mix, smooth } from "./random.ts";
import { coverage, paint, type Sample } from "./sample.ts";
import { ellipse } from "./shapes.ts";
import { septatedFat } from "./texture.ts";

const { background } = AXIAL_LABEL;

/** Gives the sample its first signal: whatever is there where there is neither spine nor muscle. False where that is air. */
export function paintSurroundings(subject: AxialSubject, section: Section, spot: Spot, sample: Sample): boolean {
  const { tissues, backFat } = subject;
  const { x, y } = spot;
  const aside = Math.abs(x);
  sample.label = background;
  // The back is a little hollow over the spine and falls away to the sides.
  const skin = 66 + backFat + 4 * smooth(2, 32, aside) - 24 * ((aside * aside) / 8100);
  const outside = y - skin;
  if (outside > EDGE) {
    sample.value = tissues.air;
    return false;
  }
  const wall = 66 - 50 * smooth(42, 95, aside);
  if (y > wall) sample.value = septatedFat(tissues, spot.layered);
  else paintInside(subject, section, spot, sample);
  const flank = Math.max(y - wall + 1, wall - 8 - y, 70 - aside);
  paint(sample, coverage(flank, 1), tissues.muscle * (0.8 + 0.6 * spot.medium), background);
  paint(sample, coverage(Math.abs(outside + 1.1) - 1, EDGE), tissues.skin, background);
  paint(sample, coverage(-outside, EDGE), tissues.air, background);
  return true;
}

/** Fat between the organs; veins in it are dark dots. */
export function innerFat({ tissues }: AxialSubject, { medium, coarse }: Spot): number {
  const fat = mix(tissues.fat, tissues.skinFat, 0.3) * (0.9 + 0.22 * (coarse - 0.5) + 0.26 * (medium - 0.5));
  return mix(fat, tissues.vessel * 2, 0.7 * smooth(0.84, 0.93, medium));
}

function paintInside(subject: AxialSubject, section: Section, spot: Spot, sample: Sample): void {
  const { x, y } = spot;
  const fat = innerFat(subject, spot);
  sample.value = fat;
  if (subject.kidney && section.level < 0.4) paintKidney(subject, section, spot, sample);
  if (y > BOWEL_FRONT) return;
  // Loops of bowel, and between them fat that carries its vessels.
  const peritoneum = -58 + 0.7 * Math.max(Math.abs(x) - 62, 0) + 14 * (spot.coarse - 0.5);
  const loops = mix(spot.bowel * 1.1, fat, smooth(0.5, 0.6, spot.coarse));
  paint(sample, coverage(y - peritoneum, 1.5), loops, background);
  paintVessels(subject, section, spot, sample);
}

/** The lower poles, the left one higher. */
function paintKidney(
  { tissues }: AxialSubject,
  { level }: Section,
  { x, y, medium, coarse }: Spot,
  sample: Sample,
): void {
  const shrink = 26 * smooth(x > 0 ? -0.15 : 0, x > 0 ? 0.3 : 0.45, level);
  const distance = ellipse(Math.abs(x) - 76, y + 24, 14, 18) + shrink + 3 * (coarse - 0.5);
  paint(sample, coverage(distance, EDGE), tissues.organ * (1.3 + 0.25 * medium), background);
}

/** Aorta (at the image's right, as one looks up from the feet) and vena cava; below their forks a pair of each. */
function paintVessels(subject: AxialSubject, { level, disc }: Section, spot: Spot, sample: Sample): void {
  const { vessels, tissues } = subject;
  const { x, y, coarse } = spot;
  const { aorta, cava } = vessels;
  const split = smooth(vessels.fork, 2.1, level);
  const veinSplit = smooth(vessels.fork + 0.25, 2.1, level);
  const radius = level > vessels.fork ? aorta * 0.66 : aorta;
  const hasVeins = level > vessels.fork + 0.25;
  const front = -disc.depth - 2;
  const blood = mix(tissues.vessel, tissues.organ, vessels.slowFlow * coarse * coarse);
  for (const side of SIDES) {
    const arteryX = level > vessels.fork ? 4 * (1 - split) + side * (5 + 20 * split) : 7;
    const veinX = hasVeins ? -5 * (1 - veinSplit) + side * (7 + 9 * veinSplit) : -14;
    const flat = mix(1.15, 0.75, veinSplit);
    const vein = ellipse(x - veinX, y - front + 0.75 * cava - 4 * veinSplit, cava * flat, 0.7 * cava);
    const artery = ellipse(x - arteryX, y - front + radius + 1 - 6 * split, radius, radius);
    paint(sample, coverage(vein - 0.6, EDGE), tissues.muscle, background);
    paint(sample, coverage(vein, EDGE), blood * 1.6, background);
    paint(sample, coverage(artery - 1.9, EDGE), tissues.fat, background);
    paint(sample, coverage(artery - 1.2, EDGE), tissues.muscle, background);
    paint(sample, coverage(artery, EDGE), blood, background);
  }
}
