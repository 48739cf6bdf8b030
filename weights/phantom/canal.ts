// The spinal canal: epidural fat, dural sac, cord and the roots of the cauda equina.

import type { Anatomy } from "./anatomy.ts";
import { clamp, createRandom, latticeNoise, mix, smooth } from "./random.ts";
import { coverage, LABEL, paint, type Sample } from "./sample.ts";
import { ellipse } from "./shapes.ts";

/** The canal's course, one entry for each mm of height from TOP to -TOP. */
export interface Canal {
  /** u of the back of the vertebral bodies. */
  readonly wall: Float64Array;
  /** Lateral centre. */
  readonly x: Float64Array;
  /** Cosine of the course's tilt: a horizontal offset times it is the offset across the canal. */
  readonly cosine: Float64Array;
  /** Half the depth of the sac, 0 below its end. */
  readonly radius: Float64Array;
  readonly conusEnd: number;
  readonly strandSeed: number;
}

const TOP = -200;
const COUNT = 401;

/** A table's value at a height in mm, interpolated between its rows. */
export function atHeight(table: Float64Array, v: number): number {
  const row = clamp(v - TOP, 0, COUNT - 1.001);
  const whole = Math.floor(row);
  return mix(table[whole]!, table[whole + 1]!, row - whole);
}

export function createCanal(anatomy: Anatomy): Canal {
  const random = createRandom(anatomy.seed * 40503 + 5);
  const points = anatomy.vertebrae.flatMap((vertebra) =>
    [-0.8, 0, 0.8].map((part) => {
      const along = part * vertebra.halfHeight;
      const depth = vertebra.halfDepth * (1 - vertebra.taper * part);
      return {
        v: vertebra.v + along * vertebra.cosine - depth * vertebra.sine,
        u: vertebra.u + along * vertebra.sine + depth * vertebra.cosine,
        x: vertebra.x,
      };
    }),
  );
  const wall = smoothTwice(interpolate(points.map(({ v, u }) => [v, u])));
  const x = smoothTwice(interpolate(points.map(({ v, x }) => [v, x])));
  const cosine = wall.map((_, row) => {
    const slope = (wall[Math.min(row + 3, COUNT - 1)]! - wall[Math.max(row - 3, 0)]!) / 6;
    return 1 / Math.sqrt(1 + slope * slope);
  });
  const heightOf = (name: string) => anatomy.vertebrae.find((vertebra) => vertebra.name === name)!;
  const end = heightOf("S2").v + random.between(-12, 12);
  const radius = wall.map((_, row) => {
    const v = TOP + row;
    const thoracic = mix(0.85, 1, smooth(heightOf("T12").v, heightOf("L2").v, v));
    return anatomy.sacRadius * thoracic * Math.sqrt(clamp((end - v) / 45, 0, 1));
  });
  return {
    wall,
    x,
    cosine,
    radius,
    conusEnd: (heightOf("L1").v + heightOf("L2").v) / 2 + random.between(-18, 12),
    strandSeed: anatomy.seed + 31,
  };
}

/** Depth of the canal's middle behind the back of the bodies, for a sac of that radius. */
function middleOf(radius: number): number {
  return Math.max(radius, 3) + 1.4;
}

export function paintCanal(anatomy: Anatomy, canal: Canal, u: number, v: number, x: number, sample: Sample): void {
  const radius = atHeight(canal.radius, v);
  const across = (u - atHeight(canal.wall, v)) * atHeight(canal.cosine, v) - middleOf(radius);
  const aside = x - atHeight(canal.x, v);
  if (Math.abs(across) > 16 || Math.abs(aside) > 16) return;
  const { tissues, edge } = anatomy;
  // Fat around the sac, more of it behind; a dark wall around the fat.
  const boneRadius = Math.max(radius, 3) + 2.2;
  const bone = ellipse(across - 0.8, aside, boneRadius, boneRadius * 1.35);
  paint(sample, coverage(bone - 0.9, edge), tissues.ligament, LABEL.background);
  paint(sample, coverage(bone, edge), mix(tissues.fat, tissues.ligament, across < 0 ? 0.6 : 0.1), LABEL.background);
  if (radius < 1) return;
  const sac = ellipse(across, aside, radius, radius * 1.2);
  if (sac > edge + 1) return;
  paint(sample, coverage(sac - 0.5, edge), tissues.ligament * 1.5, LABEL.background);
  // Roots hang towards the back of the sac, as strands along it.
  const strands = latticeNoise(canal.strandSeed, across / 1.3, aside / 1.3, v / 45);
  const crowd = smooth(-0.5 * radius, 0.6 * radius, across) * smooth(canal.conusEnd - 25, canal.conusEnd, v);
  const thinning = smooth(canal.conusEnd + 140, canal.conusEnd + 40, v);
  const fluid = mix(tissues.csf, tissues.root, 0.75 * crowd * thinning * smooth(0.45, 0.7, strands));
  paint(sample, coverage(sac, edge), fluid, LABEL.sac);
  const cordRadius =
    4.3 * Math.sqrt(clamp((canal.conusEnd - v) / 28, 0, 1)) * (1 - 0.12 * smooth(-60, -140, v - canal.conusEnd));
  if (cordRadius < 0.4) return;
  const cord = ellipse(across - 0.4, aside, cordRadius, cordRadius * 1.15);
  paint(sample, coverage(cord, edge), tissues.cord, LABEL.sac);
}

/** Straight lines through [position, value] pairs, sampled at each mm; beyond the ends the last line goes on. */
export function interpolate(pairs: readonly (readonly number[])[]): Float64Array {
  const sorted = pairs.map(([at, value]) => [at!, value!] as const).sort((p, q) => p[0] - q[0]);
  return Float64Array.from({ length: COUNT }, (_, row) => {
    const v = TOP + row;
    const found = sorted.findIndex((pair) => pair[0] > v);
    const after = clamp(found < 0 ? sorted.length - 1 : found, 1, sorted.length - 1);
    const [from, to] = [sorted[after - 1]!, sorted[after]!];
    const t = clamp((v - from[0]) / Math.max(to[0] - from[0], 0.5), -4, 5);
    return from[1] + (to[1] - from[1]) * t;
  });
}

/** Two passes of a running mean over 2 * reach + 1 mm. */
export function smoothTwice(values: Float64Array, reach = 7): Float64Array {
  let current = values;
  for (let pass = 0; pass < 2; pass++) {
    const source = current;
    current = source.map((_, row) => {
      let sum = 0;
      for (let n = -reach; n <= reach; n++) sum += source[clamp(row + n, 0, COUNT - 1)]!;
      return sum / (2 * reach + 1);
    });
  }
  return current;
}
