// Muscles: the three of the truth, and those around them.

import { AXIAL_LABEL } from "./axial-labels.ts";
import { EDGE, type Section } from "./axial-section.ts";
import type { Spot } from "./axial-spot.ts";
import type { AxialSubject } from "./axial-subject.ts";
import { innerFat } from "./axial-surroundings.ts";
import { outlineDistance } from "./outline.ts";
import { mix, smooth } from "./random.ts";
import { coverage, paint, type Sample } from "./sample.ts";
import { marbledMuscle } from "./texture.ts";

/** How far a muscle may reach beyond its outline, in mm. */
const RAGGED = 0.8 + EDGE;

export function paintMuscles(subject: AxialSubject, section: Section, spot: Spot, sample: Sample): void {
  const { x, y } = spot;
  const { outlines } = section;
  const side = x < 0 ? 0 : 1;
  for (const structure of ["quadratus", "iliacus", "gluteal"] as const) {
    const distance = outlineDistance(outlines[structure][side], x, y, RAGGED);
    paintMuscle(subject, spot, distance, 0.3, AXIAL_LABEL.background, sample);
  }
  const psoas = outlineDistance(outlines.psoas[side], x, y, RAGGED);
  paintMuscle(subject, spot, psoas, subject.fattiness.psoas, AXIAL_LABEL.psoasMajor, sample);
  const compartment = outlineDistance(outlines.compartment[side], x, y, 1);
  if (compartment < 1) paintBack(subject, section, spot, compartment, sample);
}

/** Multifidus and erector spinae in their common sheath. */
function paintBack(
  subject: AxialSubject,
  { outlines, level }: Section,
  spot: Spot,
  compartment: number,
  sample: Sample,
): void {
  const { tissues, fattiness } = subject;
  const { x, y, coarse } = spot;
  const side = x < 0 ? 0 : 1;
  const fat = innerFat(subject, spot);
  paint(sample, coverage(compartment, EDGE), fat, AXIAL_LABEL.background);
  const fascia = smooth(30, 40, y) * coverage(Math.abs(compartment + 0.2) - 0.5, EDGE);
  paint(sample, 0.9 * fascia, tissues.ligament, AXIAL_LABEL.background);

  // Neither muscle leaves the sheath.
  const sheathed = compartment + 1;
  const erector = Math.max(outlineDistance(outlines.erector[side], x, y, RAGGED), sheathed);
  paintMuscle(subject, spot, erector, fattiness.erector, AXIAL_LABEL.erectorSpinae, sample);
  // A septum between its longissimus and its iliocostalis part: it stays the muscle's.
  const septum = Math.abs(Math.abs(x) - 52 + 4 * level + 0.15 * (y - 30) + 9 * (coarse - 0.5));
  const isDeep = smooth(-0.5, -3, erector);
  paint(sample, isDeep * fattiness.erector * coverage(septum - 0.5, 0.6), fat, AXIAL_LABEL.erectorSpinae);

  const reach = Math.max(subject.cleft + 3 * (coarse - 0.5), 0);
  const multifidus = Math.max(outlineDistance(outlines.multifidus[side], x, y, reach + RAGGED), sheathed);
  paint(sample, reach > 0 ? coverage(multifidus - reach, EDGE) : 0, fat, AXIAL_LABEL.background);
  // Fat takes the multifidus from its deep inner part, next to lamina and spinous process.
  const nearBone = smooth(26, 8, Math.abs(x) + 0.5 * Math.max(y - 34, 0));
  const fatty = fattiness.multifidus * (0.7 + 0.9 * nearBone);
  paintMuscle(subject, spot, multifidus, fatty, AXIAL_LABEL.multifidus, sample);
}

function paintMuscle(
  { tissues }: AxialSubject,
  { medium, fine, coarse }: Spot,
  outlined: number,
  fatty: number,
  label: number,
  sample: Sample,
): void {
  // A ragged edge: bundles end a little inside or outside of the outline.
  const distance = outlined + 1.6 * (medium - 0.5);
  if (distance > EDGE) return;
  // Between bundles thin lines of fat, where a field crosses its middle.
  const line = Math.min(fatty, 1) * smooth(0.07, 0.02, Math.abs(coarse - 0.5)) * smooth(0.3, 0.6, fine);
  const muscle = mix(marbledMuscle(tissues, Math.min(1.6 * fatty, 1), medium, coarse), tissues.fat, 0.6 * line);
  const sheath = coverage(-distance - 0.3, 0.5);
  paint(sample, coverage(distance, EDGE), mix(muscle, tissues.ligament, 0.4 * sheath), label);
}
