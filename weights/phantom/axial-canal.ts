// The spinal canal and its foramina: fat, ligamentum flavum, dural sac with nerve roots.

import { AXIAL_LABEL } from "./axial-labels.ts";
import { EDGE, type Section } from "./axial-section.ts";
import type { Spot } from "./axial-spot.ts";
import type { AxialSubject } from "./axial-subject.ts";
import { innerFat } from "./axial-surroundings.ts";
import { outlineDistance } from "./outline.ts";
import { mix, smooth } from "./random.ts";
import { coverage, paint, type Sample } from "./sample.ts";
import { ellipse } from "./shapes.ts";

const { background } = AXIAL_LABEL;

/** Fat, and the roots that run in it outside of the sac. Bones come after, over it. */
export function paintCanalFat(subject: AxialSubject, section: Section, spot: Spot, sample: Sample): void {
  const { x, y } = spot;
  if (Math.abs(x) > 40 || y < -10 || y > 28) return;
  const { tissues } = subject;
  const { outlines, level, canal } = section;
  const side = x < 0 ? 0 : 1;
  const aside = Math.abs(x);
  const foramen = outlineDistance(outlines.foramen[side], x, y, EDGE);
  const inside = outlineDistance(outlines.canal[side], x, y, EDGE);
  const fat = innerFat(subject, spot);
  paint(sample, coverage(foramen, 1.2), fat, background);
  // Veins and ligament make the fat next to the disc darker.
  paint(sample, coverage(inside, EDGE), mix(fat, tissues.root, 0.6 * smooth(5, 1, y)), background);
  const exiting = ellipse(aside - 20.5 - 2 * level, y - 0.5, 3, 2.6);
  paint(sample, coverage(exiting, EDGE), tissues.root * 0.9, background);
  const passing = ellipse(aside - canal.sacHalfWidth - 2.6 - 0.8 * level, y - section.sacFront - 2.5, 1.7, 1.7);
  paint(sample, coverage(passing, EDGE), tissues.root * 0.9, background);
}

export function paintCanal(subject: AxialSubject, section: Section, spot: Spot, sample: Sample): void {
  const { x, y } = spot;
  if (Math.abs(x) > 24 || y < -4 || y > 30) return;
  const { tissues } = subject;
  const flavum = outlineDistance(section.outlines.flavum[x < 0 ? 0 : 1], x, y, EDGE);
  if (flavum < EDGE) {
    const signal = mix(tissues.ligament, tissues.muscle, 0.75) * (0.8 + 0.4 * spot.fine);
    paint(sample, coverage(flavum, EDGE), signal, AXIAL_LABEL.ligamentumFlavum);
  }
  const sac = outlineDistance(section.sacOutline, x, y, 1);
  if (sac > 1) return;
  // The dura: thin and dark.
  paint(sample, 0.8 * coverage(sac - 0.4, EDGE), tissues.ligament, background);
  if (sac < EDGE) paint(sample, coverage(sac, EDGE), fluidWithRoots(subject, section, spot), AXIAL_LABEL.duralSac);
}

function fluidWithRoots({ tissues, roots }: AxialSubject, section: Section, { x, y, coarse }: Spot): number {
  const { canal, sacFront, level } = section;
  let signal = tissues.csf * (0.95 + 0.1 * coarse - 0.12 * canal.stenosis);
  for (const root of roots) {
    const fade = smooth(root.leaves + 0.1, root.leaves - 0.1, level);
    if (fade === 0) continue;
    const narrowing = 1 - 0.62 * smooth(0.42, 1, root.back);
    const dx = x - root.across * canal.sacHalfWidth * narrowing * 0.92;
    const dy = y - sacFront - root.back * canal.sacDepth;
    const distance = Math.sqrt(dx * dx + dy * dy) - root.radius;
    signal = mix(signal, tissues.root * 0.8, fade * coverage(distance, 0.5));
  }
  return signal;
}
