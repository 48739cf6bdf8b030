// The shape of one seed's spine. Coordinates in mm, origin at the field's centre: u posterior, v inferior, x to the right.

import { type Contrast, drawTissues, type Tissues } from "./contrast.ts";
import { createRandom, type Random, sineCosine } from "./random.ts";

export interface Vertebra {
  readonly name: string;
  readonly region: "thoracic" | "lumbar" | "sacral";
  /** Centre of the body. */
  readonly u: number;
  readonly v: number;
  readonly x: number;
  /** Of the tilt: the body's lower end lies sine mm posterior of its upper end for each mm of its height. */
  readonly sine: number;
  readonly cosine: number;
  readonly halfDepth: number;
  readonly halfHeight: number;
  readonly halfWidth: number;
  /** How much taller than the mean the front half-height is. */
  readonly wedge: number;
  /** Depth of the dip of the upper and of the lower endplate. */
  readonly dipTop: number;
  readonly dipBottom: number;
  /** Depth of the front wall's waist, and length of the bony lips at its corners. */
  readonly waist: number;
  readonly lip: number;
  /** Part of the depth that is lost from the centre to the lower end (sacrum). */
  readonly taper: number;
  /** Signal of the marrow relative to the tissue table. */
  readonly marrow: number;
  /** Of the spinous process: length behind the canal, half-height, fall per mm. */
  readonly spine: { readonly length: number; readonly halfHeight: number; readonly fall: number };
  readonly disc: Disc;
}

/** The disc below a vertebra. */
export interface Disc {
  /** 0 healthy, 1 dark and collapsed. */
  readonly degeneration: number;
  readonly bulge: number;
}

export interface Anatomy {
  readonly seed: number;
  readonly contrast: Contrast;
  readonly tissues: Tissues;
  /** From the top down, sacrum included. */
  readonly vertebrae: readonly Vertebra[];
  /** Half-width of an edge between tissues. */
  readonly edge: number;
  readonly sacRadius: number;
  /** Thickness of the fat under the skin of the back. */
  readonly backFat: number;
  /** From the spine to the front of the belly. */
  readonly bellyDepth: number;
  /** How much of the bowel holds gas. */
  readonly gas: number;
  /** Strength of the marrow's grain. */
  readonly texture: number;
}

interface Level {
  readonly name: string;
  readonly region: Vertebra["region"];
  readonly tilt: number;
  readonly height: number;
  readonly depth: number;
  readonly width: number;
  /** Height of the disc below. */
  readonly gap: number;
}

// Mean measures of adult spines, rounded; tilt in degrees, lengths in mm.
const LEVELS: readonly Level[] = [
  { name: "S3", region: "sacral", tilt: 64, height: 19, depth: 15, width: 20, gap: 2 },
  { name: "S2", region: "sacral", tilt: 62, height: 22, depth: 20, width: 26, gap: 2.5 },
  { name: "S1", region: "sacral", tilt: 49, height: 27, depth: 29, width: 30, gap: 3.5 },
  { name: "L5", region: "lumbar", tilt: 24, height: 27, depth: 35, width: 50, gap: 10 },
  { name: "L4", region: "lumbar", tilt: 9, height: 27.5, depth: 34.5, width: 48, gap: 11 },
  { name: "L3", region: "lumbar", tilt: -1, height: 27.5, depth: 34, width: 46, gap: 10.5 },
  { name: "L2", region: "lumbar", tilt: -9, height: 27, depth: 33, width: 44, gap: 9.5 },
  { name: "L1", region: "lumbar", tilt: -14, height: 26, depth: 31.5, width: 42, gap: 8.5 },
  { name: "T12", region: "thoracic", tilt: -15, height: 25, depth: 30, width: 40, gap: 7 },
  { name: "T11", region: "thoracic", tilt: -13, height: 23, depth: 29, width: 37, gap: 6 },
  { name: "T10", region: "thoracic", tilt: -10, height: 22, depth: 28, width: 34, gap: 5 },
  { name: "T9", region: "thoracic", tilt: -7, height: 21.5, depth: 27, width: 32, gap: 5 },
  { name: "T8", region: "thoracic", tilt: -3, height: 21, depth: 27, width: 31, gap: 5 },
];

export function drawAnatomy(seed: number, contrast: Contrast): Anatomy {
  const random = createRandom(seed * 2654435761 + 17);
  const tissues = drawTissues(random, contrast);
  return {
    seed,
    contrast,
    tissues,
    vertebrae: drawVertebrae(random),
    edge: random.between(0.8, 1.5),
    sacRadius: random.between(6.2, 8.2),
    backFat: random.between(5, 28),
    bellyDepth: random.between(85, 150),
    gas: random.between(0, 0.5),
    texture: random.between(0.5, 1.3),
  };
}

function drawVertebrae(random: Random): Vertebra[] {
  const size = random.between(0.88, 1.1);
  const lordosis = random.between(0.55, 1.12);
  const turn = random.between(-4, 4);
  const slender = random.between(0.92, 1.08);
  const discHeight = random.between(0.8, 1.15);
  const ageing = random.between(0, 0.9);
  const dip = random.between(0.6, 2.2);
  const waist = random.between(0.8, 2.4);
  const scoliosis = random.chance(0.3) ? random.between(-6, 6) : random.between(-2, 2);
  const shift = random.between(-3, 3);
  const marrowFall = random.between(-0.02, 0.03);

  // From the sacrum up, each body placed on the disc above the last.
  const placed: Vertebra[] = [];
  let [u, v] = [0, 0];
  let lastHalf = 0;
  let lastTilt = 0;
  LEVELS.forEach((level, n) => {
    const sacral = level.region === "sacral";
    const tilt = level.tilt * lordosis + turn + random.between(-1.5, 1.5);
    const [sine, cosine] = sineCosine(tilt);
    const degeneration = sacral ? 0.6 : Math.min(1, Math.max(0, ageing * random.between(0.2, 1.4)));
    const collapsed = !sacral && random.chance(0.06);
    const halfHeight =
      (level.height / 2) * size * random.between(0.96, 1.04) * (collapsed ? random.between(0.7, 0.88) : 1);
    const gap = level.gap * size * discHeight * (1 - 0.35 * degeneration * degeneration) * random.between(0.93, 1.07);
    if (n > 0) {
      const [midSine, midCosine] = sineCosine((tilt + lastTilt) / 2);
      const [lastSine, lastCosine] = sineCosine(lastTilt);
      u -= lastSine * lastHalf + midSine * gap + sine * halfHeight;
      v -= lastCosine * lastHalf + midCosine * gap + cosine * halfHeight;
    }
    const wedge =
      level.name === "L5"
        ? random.between(1, 2.4)
        : random.between(-0.5, 0.8) + (collapsed ? -random.between(1, 2.5) : 0);
    const thoracic = level.region === "thoracic";
    placed.push({
      name: level.name,
      region: level.region,
      u,
      v,
      x: 0,
      sine,
      cosine,
      halfDepth: (level.depth / 2) * size * slender * random.between(0.97, 1.03),
      halfHeight,
      halfWidth: (level.width / 2) * size * random.between(0.96, 1.04),
      wedge,
      dipTop: sacral ? 0.5 : dip * random.between(0.5, 1.3) + (collapsed ? 1.5 : 0),
      dipBottom: sacral ? 0 : dip * random.between(0.7, 1.6),
      waist: sacral ? 0.5 : waist * random.between(0.8, 1.2),
      lip: sacral ? 0 : ageing * random.between(0, 2.6),
      taper: sacral ? 0.16 : 0,
      marrow: (1 + marrowFall * (n - 5)) * random.between(0.93, 1.07),
      spine: {
        length: (sacral ? 12 : thoracic ? 32 : 29) * size * random.between(0.9, 1.12),
        halfHeight: (sacral ? 5 : thoracic ? 6 : 10) * size * random.between(0.85, 1.15),
        fall: thoracic ? 0.5 : random.between(0.12, 0.35),
      },
      disc: { degeneration, bulge: degeneration * random.between(0.5, 3.5) + 0.6 },
    });
    lastHalf = halfHeight;
    lastTilt = tilt;
  });

  // The whole moved so that L3 lies near the field's centre.
  const middle = placed.find((vertebra) => vertebra.name === "L3")!;
  const centreU = random.between(-18, 12);
  const centreV = random.between(-14, 6);
  return placed
    .map((vertebra) => {
      const along = (vertebra.v - middle.v) / 100;
      return {
        ...vertebra,
        u: vertebra.u - middle.u + centreU,
        v: vertebra.v - middle.v + centreV,
        x: shift + scoliosis * (along * along - 0.3),
      };
    })
    .reverse();
}
