// Vertebral bodies and the discs between them.

import type { Anatomy, Vertebra } from "./anatomy.ts";
import { clamp, latticeNoise, mix, smooth } from "./random.ts";
import { coverage, LABEL, paint, type Sample } from "./sample.ts";
import { roundedBox } from "./shapes.ts";

/** Offset of a point in a vertebra's own frame: a posterior, b inferior, x to the right, from the body's centre. */
export interface Local {
  a: number;
  b: number;
  x: number;
}

/** Sets a and b of `out`; x is the point's own, relative to `vertebra.x`. */
export function toLocal(vertebra: Vertebra, u: number, v: number, out: Local): void {
  const du = u - vertebra.u;
  const dv = v - vertebra.v;
  out.a = du * vertebra.cosine - dv * vertebra.sine;
  out.b = du * vertebra.sine + dv * vertebra.cosine;
}

/** Half-height of the body at a, above (b < 0) or below its centre. */
function endplate(vertebra: Vertebra, a: number, lateral: number, below: boolean): number {
  const t = clamp(a / vertebra.halfDepth, -1, 1);
  const dip = below ? vertebra.dipBottom : vertebra.dipTop;
  // The lower dip lies a little behind the centre, the upper one in front of it, as in real bodies.
  const centred = clamp(t + (below ? -0.25 : 0.1), -1, 1);
  return vertebra.halfHeight - vertebra.wedge * t - dip * (1 - centred * centred) * (1 - 0.5 * lateral);
}

/** Distance to the body's surface in mm, negative inside. */
function bodyDistance(vertebra: Vertebra, { a, b, x }: Local): number {
  const beta = clamp(b / vertebra.halfHeight, -1, 1);
  const beta2 = beta * beta;
  const waisted = 1 - beta2;
  const halfWidth = vertebra.halfWidth - 2.2 * waisted;
  const lateral = (x * x) / (halfWidth * halfWidth);
  if (lateral >= 1) return Math.max(Math.abs(x) - halfWidth, Math.abs(a), Math.abs(b) - vertebra.halfHeight);
  const depth = vertebra.halfDepth * (1 - vertebra.taper * beta) * Math.sqrt(Math.sqrt(1 - lateral));
  const front = depth - vertebra.waist * waisted + vertebra.lip * beta2 * beta2 * beta2 * beta2;
  const back = depth - 0.45 * vertebra.waist * waisted - 1.2 * (1 - lateral);
  const centre = (back - front) / 2;
  const half = endplate(vertebra, a, lateral, b > 0);
  return Math.max(roundedBox(a - centre, b, (front + back) / 2, half, 1.8), Math.abs(x) - halfWidth);
}

export function paintBody(anatomy: Anatomy, vertebra: Vertebra, local: Local, sample: Sample): void {
  const distance = bodyDistance(vertebra, local);
  const { tissues, edge, seed } = anatomy;
  if (distance > edge) return;
  const { a, b, x } = local;
  const label = vertebra.region === "sacral" ? LABEL.background : LABEL.body;
  const place = vertebra.v * 0.37;
  const fine = latticeNoise(seed + 11, (a + place) / 1.9, (b + place) / 1.9, x / 5) - 0.5;
  const coarse = latticeNoise(seed + 12, (a + place) / 8, (b + place) / 8, x / 10) - 0.5;
  let marrow = tissues.marrow * vertebra.marrow * (1 + anatomy.texture * (0.16 * fine + 0.22 * coarse));
  // The basivertebral vein enters the back wall at mid-height.
  const vein = smooth(9, 2, vertebra.halfDepth - a) * smooth(2.6, 0.8, Math.abs(b + 0.5)) * smooth(6, 2, Math.abs(x));
  marrow = mix(marrow, mix(tissues.marrow, tissues.csf, 0.35), 0.7 * vein);
  // Worn discs change the marrow next to them.
  const worn = smooth(0.5, 1, vertebra.disc.degeneration) * smooth(7, 1, vertebra.halfHeight - b);
  marrow *= 1 + 0.25 * worn * (coarse + 0.3);
  const rim = coverage(-distance - 0.7, 0.9);
  paint(sample, coverage(distance, edge), mix(marrow, tissues.cortex, 0.85 * rim), label);
}

/** Paints the disc between `upper` and `lower`, of which both local offsets are given. */
export function paintDisc(
  anatomy: Anatomy,
  upper: Vertebra,
  lower: Vertebra,
  fromUpper: Local,
  fromLower: Local,
  sample: Sample,
): void {
  const halfWidth = (upper.halfWidth + lower.halfWidth) / 2 - (lower.region === "sacral" ? 2 : 0);
  const lateral = (fromUpper.x * fromUpper.x) / (halfWidth * halfWidth);
  if (lateral >= 1) return;
  const below = fromUpper.b - endplate(upper, fromUpper.a, lateral, true);
  const above = -fromLower.b - endplate(lower, fromLower.a, lateral, false);
  if (below < -2 || above < -2 || below + above > 40) return;
  const { tissues, edge } = anatomy;
  const { degeneration, bulge } = upper.disc;
  const depth = Math.min(upper.halfDepth, lower.halfDepth * 1.08) * Math.sqrt(Math.sqrt(1 - lateral));
  const a = (fromUpper.a + fromLower.a) / 2;
  const t = clamp(below / Math.max(below + above, 0.1), 0, 1);
  const middle = 4 * t * (1 - t);
  const limit = depth + (bulge - 0.8) * middle;
  const distance = Math.max(Math.abs(a) - limit, -below, -above);
  if (distance > edge) return;
  const along = (a - 0.06 * depth) / (0.8 * depth);
  const inside = smooth(1, 0.45, along * along + 0.35 * (1 - middle)) * smooth(0.05, 0.6, middle) * (1 - lateral);
  const cleft = smooth(0.14, 0.02, Math.abs(t - 0.5)) * smooth(0.9, 0.3, along * along) * 0.22;
  const bright = mix(tissues.nucleus, mix(tissues.annulus, tissues.nucleus, 0.12), degeneration);
  const grain = latticeNoise(anatomy.seed + 21, a / 2.5, (fromUpper.b + upper.v) / 1.6, fromUpper.x / 6) - 0.5;
  const value = mix(tissues.annulus, bright * (1 - cleft), inside) * (1 + 0.2 * grain);
  paint(sample, coverage(distance, edge), value, upper.region === "sacral" ? LABEL.background : LABEL.disc);
}
