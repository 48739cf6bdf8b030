// The rest of the body: air, skin, fat, muscles of back and belly, psoas, bowel, great vessels, kidneys, bladder.

import type { Anatomy } from "./anatomy.ts";
import { atHeight, type Canal, interpolate, smoothTwice } from "./canal.ts";
import { clamp, createRandom, latticeNoise, mix, smooth } from "./random.ts";
import { coverage, LABEL, paint, type Sample } from "./sample.ts";
import { ellipse } from "./shapes.ts";
import { bowel, marbledMuscle, septatedFat } from "./texture.ts";

export interface Surroundings {
  /** For each row of the canal's tables: u of the fascia over the back muscles, of the skin, of the belly's skin. */
  readonly fascia: Float64Array;
  readonly backSkin: Float64Array;
  readonly frontSkin: Float64Array;
  /** A smooth line in front of the bodies. */
  readonly frontWall: Float64Array;
  readonly aortaX: number;
  readonly cavaX: number;
  readonly fork: number;
  readonly bladder: { readonly u: number; readonly v: number; readonly size: number } | undefined;
  readonly fatStreaks: number;
}

export function createSurroundings(anatomy: Anatomy): Surroundings {
  const random = createRandom(anatomy.seed * 69069 + 9);
  const tips = anatomy.vertebrae.map((vertebra) => {
    const reach = vertebra.halfDepth + 2 * anatomy.sacRadius + 6 + vertebra.spine.length;
    const down = vertebra.halfHeight * 0.45 + vertebra.spine.fall * vertebra.spine.length;
    return [
      vertebra.v + down * vertebra.cosine - reach * vertebra.sine,
      vertebra.u + down * vertebra.sine + reach * vertebra.cosine + 3,
    ] as const;
  });
  const front = anatomy.vertebrae.map((vertebra) => [
    vertebra.v + vertebra.halfDepth * vertebra.sine,
    vertebra.u - vertebra.halfDepth * vertebra.cosine - 2,
  ]);
  const fascia = smoothTwice(interpolate(tips), 14);
  const buttock = random.between(5, 30);
  const sway = random.between(-4, 4);
  const backSkin = smoothTwice(
    fascia.map((u, row) => u + anatomy.backFat * (1 + 0.25 * smooth(60, 200, row)) + buttock * smooth(250, 330, row)),
    20,
  );
  const frontWall = smoothTwice(interpolate(front), 10);
  const l3 = atHeight(frontWall, 0);
  const fork = anatomy.vertebrae.find((vertebra) => vertebra.name === "L4")!.v + random.between(-12, 14);
  return {
    fascia,
    backSkin,
    frontWall,
    frontSkin: frontWall.map(
      (u, row) => mix(u, l3, 0.75) - anatomy.bellyDepth * (1 - 0.12 * smooth(120, 20, row)) + sway * ((row - 200) / 60),
    ),
    aortaX: random.between(7, 18),
    cavaX: -random.between(9, 18),
    fork,
    bladder: random.chance(0.6)
      ? { u: l3 - random.between(15, 60), v: random.between(95, 125), size: random.between(14, 30) }
      : undefined,
    fatStreaks: random.between(0.1, 0.8),
  };
}

/** Gives the point its first signal: whatever is there where there is no spine. False where that is air. */
export function paintSurroundings(
  anatomy: Anatomy,
  canal: Canal,
  around: Surroundings,
  u: number,
  v: number,
  x: number,
  sample: Sample,
): boolean {
  const { tissues, edge, seed } = anatomy;
  sample.label = LABEL.background;
  const dome = (x * x) / 900;
  const backSkin = atHeight(around.backSkin, v) - dome * 1.5;
  const frontSkin = atHeight(around.frontSkin, v) + dome * 1.5;
  const outside = Math.max(u - backSkin, frontSkin - u);
  if (outside > edge) {
    sample.value = tissues.air;
    return false;
  }
  const aside = Math.abs(x - atHeight(canal.x, v));
  const behind = u - atHeight(canal.wall, v);
  sample.value = behind > -8 ? backTissue(anatomy, around, u, v, x, aside) : frontTissue(anatomy, around, u, v, x);
  if (behind > -8 && behind < 0)
    sample.value = mix(frontTissue(anatomy, around, u, v, x), sample.value, smooth(-8, 0, behind));
  // Psoas beside the bodies, from T12 down, growing.
  const size = 6 + 13 * smooth(-60, 70, v);
  const psoas = ellipse(
    u - atHeight(canal.wall, v) + 18 + 10 * smooth(0, 110, v),
    aside - 26 - 0.5 * size,
    size * 1.15,
    size * 0.9,
  );
  if (psoas < edge) {
    const streak = latticeNoise(seed + 51, u / 3, v / 24, x / 4) - 0.5;
    paint(sample, coverage(psoas, edge) * smooth(-75, -50, v), tissues.muscle * (1 + 0.5 * streak), LABEL.background);
  }
  paintVessels(anatomy, around, u, v, x, sample);
  paint(sample, coverage(Math.abs(outside + 1) - 0.9, edge), tissues.skin, LABEL.background);
  paint(sample, coverage(-outside, edge), tissues.air, LABEL.background);
  return true;
}

function backTissue(anatomy: Anatomy, around: Surroundings, u: number, v: number, x: number, aside: number): number {
  const { tissues, seed } = anatomy;
  const toFascia = u - atHeight(around.fascia, v) - smooth(8, 25, aside) * 4;
  const septa = latticeNoise(seed + 52, (u + 0.4 * v) / 7, (v - 0.4 * u) / 15, x / 9);
  const fat = septatedFat(tissues, septa);
  // Between the processes ligament and fat, to the sides muscle with fatty streaks along it.
  const streak = latticeNoise(seed + 53, (u - 0.3 * v) / 3.2, v / 16, x / 5);
  const patch = latticeNoise(seed + 54, u / 12, v / 20, x / 10);
  const muscle = marbledMuscle(tissues, around.fatStreaks, streak, patch);
  const weave = latticeNoise(seed + 55, u / 4, v / 4, x / 4);
  const between = mix(tissues.ligament * 1.6, tissues.fat, 0.25 + 0.5 * weave);
  const deep = mix(between, muscle, smooth(2.5, 7, aside));
  const fascia = coverage(Math.abs(toFascia) - 0.8, 0.8);
  return mix(mix(deep, fat, coverage(-toFascia, 1)), tissues.ligament, 0.85 * fascia);
}

function frontTissue(anatomy: Anatomy, around: Surroundings, u: number, v: number, x: number): number {
  const { tissues, seed, gas } = anatomy;
  const depth = u - (atHeight(around.frontSkin, v) + (x * x) / 600);
  const wall = 12 + 0.45 * anatomy.backFat;
  const fat = tissues.skinFat * 0.85;
  if (depth < wall - 2) return fat * (0.9 + 0.15 * latticeNoise(seed + 61, u / 6, v / 10, x / 8));
  const muscleWall = smooth(wall - 2, wall, depth) * smooth(wall + 9, wall + 7, depth);
  const { loop, fill, fine, signal } = bowel(tissues, seed, gas, u, v, x);
  let value = signal;
  // Above, an organ (liver, stomach) takes the place of bowel.
  const organ = smooth(-45, -75, v + 14 * (loop - 0.5)) * smooth(wall + 8, wall + 16, depth);
  value = mix(value, tissues.organ * (1 + 0.2 * fine), organ * smooth(0.25, 0.4, fill));
  // Fat in front of the spine.
  const behind = atHeight(around.frontWall, v) - u;
  value = mix(value, tissues.fat * (0.75 + 0.4 * loop) * (1 + 0.2 * fine), 0.75 * smooth(26, 12, behind));
  return mix(value, tissues.muscle, muscleWall);
}

function paintVessels(anatomy: Anatomy, around: Surroundings, u: number, v: number, x: number, sample: Sample): void {
  const { tissues, edge } = anatomy;
  const front = atHeight(around.frontWall, v);
  // The long ligament on the front of the bodies.
  // Below the fork each vessel leans to its side.
  const split = smooth(around.fork - 6, around.fork + 40, v);
  const shrink = 1 - 0.35 * split;
  const aorta = ellipse(u - front + 9.8 - 6 * split, x - around.aortaX - 22 * split, 7.8 * shrink, 7.8 * shrink);
  const cava = ellipse(u - front + 10.5 - 6 * split, x - around.cavaX + 22 * split, 8.5 * shrink, 8.5 * shrink);
  const tube = Math.min(aorta, cava);
  if (tube < edge + 1) {
    paint(sample, coverage(tube - 1, edge), tissues.muscle, LABEL.background);
    // Slow blood is not quite dark.
    const flow = latticeNoise(anatomy.seed + 71, u / 9, v / 30, x / 9);
    paint(sample, coverage(tube, edge), mix(tissues.vessel, tissues.organ, 0.6 * flow * flow), LABEL.background);
  }
  const { bladder } = around;
  if (bladder) {
    const sd = Math.max(
      ellipse(u - bladder.u, v - bladder.v, bladder.size * 1.2, bladder.size),
      Math.abs(x) - 2.2 * bladder.size,
    );
    paint(sample, coverage(sd - 2.5, edge), tissues.muscle, LABEL.background);
    paint(sample, coverage(sd, edge), tissues.fluid, LABEL.background);
  }
  // Kidneys, far to the sides.
  const kidney = ellipse(u - front - 8, v + 55, 17, 40) + 0.9 * clamp(48 - Math.abs(x), 0, 60);
  paint(sample, coverage(kidney, edge), mix(tissues.organ, tissues.fluid, 0.25), LABEL.background);
}
