// What lies behind the bodies: pedicles, foramina with their roots, joints, laminae, spinous processes.

import type { Anatomy, Vertebra } from "./anatomy.ts";
import type { Local } from "./bodies.ts";
import { latticeNoise, mix, smooth } from "./random.ts";
import { coverage, LABEL, paint, type Sample } from "./sample.ts";
import { ellipse, roundedBox } from "./shapes.ts";
import { corticalBone } from "./texture.ts";

/** Paints the fat of the foramen below the pedicle, its root and its vein; bone comes after, over it. */
export function paintForamen(anatomy: Anatomy, vertebra: Vertebra, local: Local, sample: Sample): void {
  const aside = Math.abs(local.x);
  if (vertebra.region === "sacral" || aside < 7 || aside > 24) return;
  const { tissues, edge } = anatomy;
  const { halfDepth, halfHeight } = vertebra;
  const gap = Math.max(
    ellipse(local.a - halfDepth - 5, local.b - 0.65 * halfHeight, 6.5, halfHeight),
    ellipse(local.a - halfDepth - 4, local.b - 0.2 * halfHeight, 8, 1.3 * halfHeight),
  );
  const within = smooth(7, 9, aside) * smooth(24, 20, aside);
  paint(sample, coverage(gap, edge) * within, mix(tissues.fat, tissues.muscle, 0.15), LABEL.background);
  const root = ellipse(local.a - halfDepth - 5 - 0.15 * (aside - 14), local.b - 0.28 * halfHeight, 3, 3.6);
  paint(sample, coverage(root, edge) * within, tissues.root * 0.9, LABEL.background);
  const vein = ellipse(local.a - halfDepth - 2.6, local.b - 0.75 * halfHeight, 1.3, 2);
  paint(sample, coverage(vein, edge) * within, tissues.vessel * 1.5, LABEL.background);
}

export function paintArch(anatomy: Anatomy, vertebra: Vertebra, local: Local, sample: Sample): void {
  const { a, b } = local;
  const aside = Math.abs(local.x);
  const { halfDepth, halfHeight } = vertebra;
  const sacral = vertebra.region === "sacral";
  if (aside > 44) return;
  const back = halfDepth + 2 * anatomy.sacRadius + 4;
  if (!sacral) {
    // Pedicle: from the upper half of the body to the joints.
    const pedicle = roundedBox(a - halfDepth - 5, b + 0.42 * halfHeight, 9, 0.42 * halfHeight, 4);
    bone(anatomy, vertebra, local, Math.max(pedicle, 8 - aside, aside - 16), sample);
    // Articular processes: a slanted pillar from the joint above to the joint below.
    const lean = 0.18 * b;
    const upper = roundedBox(a - back + 5.5 + lean, b + 0.85 * halfHeight, 4.2, 0.72 * halfHeight, 3.5);
    const lower = roundedBox(a - back - 1.5 + lean, b - 0.95 * halfHeight, 4.2, 0.95 * halfHeight, 3.5);
    const beside = Math.max(11 - aside, aside - 22);
    bone(anatomy, vertebra, local, Math.max(upper, beside), sample);
    bone(anatomy, vertebra, local, Math.max(lower, beside), sample);
    const transverse = ellipse(a - halfDepth - 9, b + 0.3 * halfHeight, 4.5, 5.5);
    bone(anatomy, vertebra, local, Math.max(transverse, 18 - aside, aside - 40), sample);
  }
  // Lamina: a roof behind the canal, falling to the sides.
  const roof = back + 1 - 0.35 * aside;
  const lamina = roundedBox(a - roof - 0.15 * b, b - 0.35 * halfHeight, 3.2, (sacral ? 0.9 : 0.6) * halfHeight, 2.5);
  bone(anatomy, vertebra, local, Math.max(lamina, aside - 14), sample);
  // Spinous process, in the middle only; blunt and a little taller towards its tip.
  const { length, halfHeight: tall, fall } = vertebra.spine;
  const out = a - back - 2;
  const height = tall * (0.8 + 0.25 * smooth(0, length, out));
  const spinous = roundedBox(out - length / 2, b - 0.45 * halfHeight - fall * out, length / 2, height, 0.75 * height);
  const thin = 2.6 + 1.6 * smooth(0.5 * length, length, out);
  bone(anatomy, vertebra, local, Math.max(spinous, aside - thin), sample);
}

function bone(anatomy: Anatomy, vertebra: Vertebra, local: Local, distance: number, sample: Sample): void {
  if (distance > anatomy.edge) return;
  const { tissues, edge, seed } = anatomy;
  const grain = latticeNoise(seed + 41, (local.a + vertebra.v) / 3, local.b / 3, local.x / 6) - 0.5;
  const label = vertebra.region === "sacral" ? LABEL.background : LABEL.posterior;
  paint(sample, coverage(distance, edge), corticalBone(tissues, distance, anatomy.texture, grain), label);
}
