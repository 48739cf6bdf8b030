// The disc, and near its rim the bone above or below it.

import { AXIAL_LABEL } from "./axial-labels.ts";
import { EDGE, type Section } from "./axial-section.ts";
import type { Spot } from "./axial-spot.ts";
import type { AxialSubject, Disc } from "./axial-subject.ts";
import { outlineDistance } from "./outline.ts";
import { mix, smooth } from "./random.ts";
import { coverage, paint, type Sample } from "./sample.ts";
import { ellipse } from "./shapes.ts";

export function paintDisc(subject: AxialSubject, section: Section, spot: Spot, sample: Sample): void {
  const { x, y } = spot;
  const { disc, discOutline, below } = section;
  let distance = outlineDistance(discOutline, x, y, 4);
  if (distance > 4) return;
  if (disc.protrusion > 0) {
    const protruded = ellipse(x - disc.protrusionX, y - disc.bulge + 1, 6.5, 1 + disc.protrusion);
    distance = Math.min(distance, protruded);
  }
  if (distance > 1) return;
  const { tissues } = subject;
  const inside = -distance;
  // The ring's outer fibres and the long ligaments, a little beyond the truth's edge.
  paint(sample, 0.8 * coverage(distance - 0.5, EDGE), tissues.ligament, AXIAL_LABEL.background);
  // Endplates are hollow: the disc is lowest at its rim.
  const half = (disc.height / 2) * (0.72 + 0.28 * smooth(0, 13, inside));
  const beyond = Math.abs(below) - half;
  if (beyond > 0 && inside > Math.max(disc.bulge, 0)) {
    const bone = tissues.marrow * (1 + 0.3 * subject.texture * (spot.medium - 0.5));
    const signal = mix(tissues.cortex, bone, smooth(0.4, 1.4, beyond));
    paint(sample, coverage(distance, EDGE), signal, AXIAL_LABEL.background);
    return;
  }
  paint(sample, coverage(distance, EDGE), discSignal(subject, disc, spot, inside), AXIAL_LABEL.disc);
}

/** A dark ring of fibres around a nucleus, which is bright while it holds water. */
function discSignal({ tissues }: AxialSubject, disc: Disc, { x, y, fine, coarse }: Spot, inside: number): number {
  const cloud = coarse - 0.5;
  const nucleus = mix(tissues.nucleus, tissues.annulus * 1.25, disc.degeneration) * (1 + 0.3 * cloud);
  const wide = smooth(3.5, 9.5 + 2 * cloud, inside);
  const fibres = tissues.annulus * (0.7 + 0.6 * fine);
  let signal = mix(fibres, nucleus, wide) * (0.92 + 0.16 * fine);
  if (disc.fissure > 0) {
    const spot = ellipse(x - disc.protrusionX, y - disc.bulge + 2.6, 3.2, 1);
    signal = mix(signal, tissues.fluid, 0.8 * disc.fissure * coverage(spot, 0.8));
  }
  return signal;
}
