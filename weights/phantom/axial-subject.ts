// What distinguishes one synthetic subject from another: drawn once from the seed, for all of its slices.

import { forEachStructure, LANDMARKS, type Structure } from "./axial-landmarks.ts";
import { drawTissues, type Tissues } from "./contrast.ts";
import { createRandom, type Random } from "./random.ts";

/** +1 is the image's right, which is the patient's left. */
export const SIDES = [-1, 1] as const;

type PerLevel<T> = readonly [T, T, T];
/** At the image's left and right. */
type PerSide<T> = readonly [T, T];

export interface Disc {
  readonly halfWidth: number;
  readonly depth: number;
  readonly height: number;
  /** 0 healthy and bright, 1 dark and collapsed. */
  readonly degeneration: number;
  /** How far the back edge stands out, in mm; negative where it is hollow, as in young discs. */
  readonly bulge: number;
  /** Of a focal protrusion: its height in mm, and its place from the midline. */
  readonly protrusion: number;
  readonly protrusionX: number;
  /** Seen as a bright spot in the back of the ring; 0 none. */
  readonly fissure: number;
}

export interface Canal {
  readonly sacHalfWidth: number;
  readonly sacDepth: number;
  /** Fat between disc and sac. */
  readonly frontFat: number;
  /** How much the ligament's inner face is pushed into the canal, in mm. */
  readonly thickening: number;
  /** 0 none, 1 the sac has lost about half of its area. */
  readonly stenosis: number;
}

/** A nerve root of the cauda equina. */
export interface Root {
  /** Place in the sac: across as a part of its half-width there, front to back as a part of its depth. */
  readonly across: number;
  readonly back: number;
  readonly radius: number;
  /** It has left the sac below this level: 0 is L3/4, 2 is L5/S1. */
  readonly leaves: number;
}

export interface AxialSubject {
  readonly tissues: Tissues;
  /** mm of body for each mm of the landmarks, across and front to back. */
  readonly width: number;
  readonly depth: number;
  /** Of the section against the image, for each level: rotation in degrees, sideways shift in mm. */
  readonly turn: PerLevel<number>;
  readonly shift: PerLevel<number>;
  /** From the image's middle to the disc's back edge, in mm, negative towards the front. */
  readonly middle: number;
  /** Largest displacement of the smooth warp in mm. */
  readonly warp: number;
  /** Of each muscle and side, relative to the mean, as a factor of lengths. */
  readonly bulk: Readonly<Record<"psoas" | "multifidus" | "erector", PerSide<number>>>;
  /** Part of each muscle that fat has taken, 0..1. */
  readonly fattiness: Readonly<Record<"psoas" | "multifidus" | "erector", number>>;
  /** Offsets of the landmarks of each structure: for each side x, y of each landmark. */
  readonly offsets: Readonly<Record<Structure, PerSide<Float64Array>>>;
  readonly discs: PerLevel<Disc>;
  readonly canals: PerLevel<Canal>;
  readonly roots: readonly Root[];
  readonly backFat: number;
  /** Width of the fat between multifidus and erector spinae, in mm; below 0 they touch and the edge is lost. */
  readonly cleft: number;
  readonly spinousHalf: number;
  /** Height at which spinous process gives way to ligament, in mm below each disc. */
  readonly spinousEnd: number;
  readonly jointFluid: number;
  readonly texture: number;
  readonly gas: number;
  readonly vessels: { readonly aorta: number; readonly cava: number; readonly fork: number; readonly slowFlow: number };
  readonly kidney: boolean;
  /** Seed of the noise fields: drawn, so that subjects of neighbouring seeds share none. */
  readonly noise: number;
}

export function drawAxialSubject(seed: number): AxialSubject {
  const random = createRandom(seed * 2246822519 + 101);
  const tissues = drawTissues(random, "T2");
  const ageing = random.between(0, 1) * random.between(0.3, 1);
  const size = random.between(0.93, 1.07);
  const slender = random.between(0.96, 1.04);
  const scoliosis = random.chance(0.3) ? random.between(-4, 4) : random.between(-1, 1);
  const lean = random.between(-3, 3);
  const muscular = random.between(0.92, 1.08);
  const bulk = (low: number): PerSide<number> => {
    const mean = muscular * random.between(low, 1.04);
    const skew = random.between(-0.04, 0.04) + 0.008 * scoliosis;
    return [mean * (1 - skew), mean * (1 + skew)];
  };
  const fat = random.between(0.1, 0.45) + 0.5 * ageing * random.between(0.3, 1);
  const narrow = random.chance(0.25) ? random.between(0.3, 0.8) : random.between(0, 0.2);
  const levels = [0, 1, 2] as const;
  const discs = levels.map((level) => drawDisc(random, level, ageing));
  return {
    tissues,
    width: size * slender,
    depth: size / slender,
    turn: perLevel((level) => lean + scoliosis * (0.6 - 0.4 * level) + random.between(-0.8, 0.8)),
    shift: perLevel((level) => random.between(-3, 3) + 0.8 * scoliosis * (level - 1)),
    middle: random.between(-12, -4),
    warp: random.between(1.5, 4),
    bulk: { psoas: bulk(0.9), multifidus: bulk(1 - 0.12 * ageing), erector: bulk(1 - 0.1 * ageing) },
    fattiness: { psoas: 0.25 * fat, multifidus: fat * random.between(1, 1.4), erector: fat * random.between(0.7, 1) },
    offsets: forEachStructure((structure) => {
      const draw = () => smoothOffsets(random, LANDMARKS[structure][0].length, STRAY[structure]);
      return [draw(), draw()];
    }),
    discs: perLevel((level) => discs[level]!),
    canals: perLevel((level) => drawCanal(random, level, narrow, discs[level]!)),
    roots: drawRoots(random),
    backFat: random.between(7, 38),
    cleft: random.between(-0.8, 1.6) + ageing,
    spinousHalf: random.between(2.6, 3.6),
    spinousEnd: random.between(-3, 7),
    jointFluid: random.between(0.2, 1),
    texture: random.between(0.5, 1.3),
    gas: random.between(0, 0.5),
    vessels: {
      aorta: random.between(7, 9.5),
      cava: random.between(8.5, 12),
      fork: random.between(0.35, 0.8),
      slowFlow: random.between(0, 0.7),
    },
    kidney: random.chance(0.35),
    noise: random.integer(0, 2147483647),
  };
}

function perLevel<T>(draw: (level: 0 | 1 | 2) => T): PerLevel<T> {
  return [draw(0), draw(1), draw(2)];
}

function drawDisc(random: Random, level: 0 | 1 | 2, ageing: number): Disc {
  const worn = Math.min(1, ageing * random.between(0.3, 1.5) * (0.75 + 0.25 * level));
  const hollow = [1.8, 1, -0.3][level]!;
  const protrudes = random.chance(0.08 + 0.4 * worn);
  return {
    halfWidth: [25, 26, 26][level]! * random.between(0.97, 1.03) + 0.8 * worn,
    depth: [35.5, 36, 34.5][level]! * random.between(0.96, 1.04),
    height: [11, 11.5, 11][level]! * random.between(0.88, 1.12) * (1 - 0.4 * worn * worn),
    degeneration: worn,
    bulge: worn * random.between(1, 3) - hollow * random.between(0.5, 1.2),
    protrusion: protrudes ? random.between(1, 3) : 0,
    protrusionX: random.between(-6, 6),
    fissure: random.chance(0.3 * worn) ? random.between(0.4, 1) : 0,
  };
}

/** Dural sacs of about 1 to 2.5 cm2; to compare with: Lim et al., Medicine 2017, 96:e9087 (the paper's reference 1). */
function drawCanal(random: Random, level: 0 | 1 | 2, narrow: number, disc: Disc): Canal {
  const stenosis = Math.min(1, narrow * random.between(0.6, 1.3) * (0.4 + 0.8 * disc.degeneration) + 0.15 * narrow);
  return {
    sacHalfWidth: [9, 8.8, 8][level]! * random.between(0.9, 1.12) * (1 - 0.16 * stenosis),
    sacDepth: [15.5, 14.6, 12.4][level]! * random.between(0.9, 1.1) * (1 - 0.3 * stenosis),
    frontFat: [0.9, 1.2, 3][level]! * random.between(0.6, 1.4),
    thickening: 1.6 * stenosis + random.between(-0.5, 0.5),
    stenosis,
  };
}

/** On their back the roots sink to the back of the sac, as a crescent; two more lie in front, about to leave. */
function drawRoots(random: Random): Root[] {
  const sunk = Array.from({ length: 20 }, () => {
    const across = random.between(-0.9, 0.9);
    return {
      across,
      back: 0.84 - 0.42 * across * across + random.between(-0.14, 0.1),
      radius: random.between(0.5, 0.85),
      leaves: random.between(0.4, 3.2),
    };
  });
  const leaving = SIDES.map((side) => ({
    across: 0.84 * side,
    back: 0.3,
    radius: random.between(0.8, 1.1),
    leaves: 9,
  }));
  return [...sunk, ...leaving];
}

/** How far a landmark may stray from its mean place, in mm. */
const STRAY: Readonly<Record<Structure, number>> = {
  psoas: 1.8,
  multifidus: 1,
  erector: 1.4,
  compartment: 0.8,
  quadratus: 1.5,
  ilium: 1.5,
  iliacus: 1,
  gluteal: 2,
  ala: 1.5,
  lamina: 0.4,
  facet: 0.45,
  flavum: 0.25,
  canal: 0.3,
  foramen: 0.6,
};

/** Normal offsets, each the mean of its own and half of its neighbours', so that an outline bends rather than jags. */
function smoothOffsets(random: Random, count: number, deviation: number): Float64Array {
  const raw = Float64Array.from({ length: 2 * count }, () => deviation * random.normal());
  const length = raw.length;
  return raw.map((own, n) => 0.5 * own + 0.35 * (raw[(n + 2) % length]! + raw[(n + length - 2) % length]!));
}
