// Bones behind the disc: lamina, facet joint, spinous process; and those of the pelvis.

import { AXIAL_LABEL } from "./axial-labels.ts";
import { atLevel, EDGE, type Section } from "./axial-section.ts";
import type { Spot } from "./axial-spot.ts";
import type { AxialSubject } from "./axial-subject.ts";
import { outlineDistance } from "./outline.ts";
import { mix, smooth } from "./random.ts";
import { coverage, paint, type Sample } from "./sample.ts";
import { roundedBox } from "./shapes.ts";
import { corticalBone } from "./texture.ts";

const { background } = AXIAL_LABEL;

/** Half of the gap between the bones of a facet joint, with a margin. */
const JOINT = 1.5;

export function paintBones(subject: AxialSubject, section: Section, spot: Spot, sample: Sample): void {
  const { tissues } = subject;
  const { x, y } = spot;
  const { outlines } = section;
  const side = x < 0 ? 0 : 1;
  paintBone(subject, spot, outlineDistance(outlines.ilium[side], x, y, EDGE), background, sample);
  if (section.level > 1.5) {
    paintBone(subject, spot, outlineDistance(outlines.ala[side], x, y, EDGE), background, sample);
  }
  if (Math.abs(x) > 40 || y < 0 || y > 66) return;
  paintSpinousProcess(subject, section, spot, sample);
  const facet = outlineDistance(outlines.facet[side], x, y, JOINT);
  const lamina = outlineDistance(outlines.lamina[side], x, y, JOINT);
  const joint = Math.max(facet, lamina) - JOINT;
  const cartilage = mix(tissues.muscle, tissues.fluid, 0.25 + 0.6 * subject.jointFluid);
  paint(sample, coverage(joint, EDGE), cartilage, background);
  paintBone(subject, spot, facet, background, sample);
  paintBone(subject, spot, lamina, AXIAL_LABEL.lamina, sample);
}

function paintBone(subject: AxialSubject, spot: Spot, distance: number, label: number, sample: Sample): void {
  if (distance > EDGE) return;
  const bone = corticalBone(subject.tissues, distance, subject.texture, spot.medium - 0.5);
  paint(sample, coverage(distance, EDGE), bone, label);
}

/** Behind the lamina; where the section passes below it, the ligament between two of them. Not part of the truth. */
function paintSpinousProcess(subject: AxialSubject, { level, below }: Section, spot: Spot, sample: Sample): void {
  const { tissues, spinousHalf, spinousEnd, texture } = subject;
  const { x, y, medium } = spot;
  const tip = atLevel([60, 60, 50], level);
  const half = (spinousHalf + 1.4 * smooth(tip - 22, tip - 5, y)) * smooth(24, 32, y);
  const distance = roundedBox(x, y - (tip + 24) / 2, half, (tip - 24) / 2, half);
  if (distance > EDGE) return;
  const ligament = mix(tissues.ligament * 1.5, tissues.fat, 0.15 + 0.5 * medium);
  const bone = corticalBone(tissues, distance, texture, medium - 0.5);
  const isBone = smooth(1.5, -1.5, below - spinousEnd);
  paint(sample, coverage(distance, EDGE), mix(ligament, bone, isBone), background);
}
