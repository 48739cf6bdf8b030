// One horizontal section through a subject: the outlines of everything at one height.

import { DISC_HALF, forEachStructure, LANDMARKS, SAC_HALF, type Structure } from "./axial-landmarks.ts";
import { type AxialSubject, type Canal, type Disc, SIDES } from "./axial-subject.ts";
import { createOutline, type Outline, type Point } from "./outline.ts";
import { mix } from "./random.ts";

/** From one disc to the next, in mm. */
const LEVEL_MM = 37;

/** Half-width of an edge between tissues, in mm. */
export const EDGE = 0.4;

/** A disc, by its place in LEVELS. */
export type LevelIndex = 0 | 1 | 2;

export interface Section {
  /** Height as a level: 0 at the disc L3/4, 1 at L4/5, 2 at L5/S1. */
  readonly level: number;
  /** Height in mm, positive towards the feet: below L3/4, and below the disc that this section belongs to. */
  readonly z: number;
  readonly below: number;
  readonly disc: Disc;
  readonly canal: Canal;
  /** Of paired structures, at the image's left and right. */
  readonly outlines: Readonly<Record<Structure, readonly [Outline, Outline]>>;
  readonly discOutline: Outline;
  readonly sacOutline: Outline;
  /** y of the front of the sac. */
  readonly sacFront: number;
}

/** The section `below` mm under the disc of a level. */
export function createSection(subject: AxialSubject, index: LevelIndex, below: number): Section {
  const level = index + below / LEVEL_MM;
  const disc = subject.discs[index];
  const canal = subject.canals[index];
  const sacFront = Math.max(disc.bulge, -1.2) + 0.5 * disc.protrusion + canal.frontFat;
  const outline = (structure: Structure, side: 0 | 1): Outline =>
    createOutline(placeLandmarks(subject, structure, side, level, canal));
  return {
    level,
    z: level * LEVEL_MM,
    below,
    disc,
    canal,
    outlines: forEachStructure((structure) => [outline(structure, 0), outline(structure, 1)]),
    discOutline: createOutline(discLandmarks(disc)),
    sacOutline: createOutline(
      mirrored(SAC_HALF).map(([x, y]): Point => [x * canal.sacHalfWidth, sacFront + y * canal.sacDepth]),
    ),
    sacFront,
  };
}

/** A value given at the three levels, on straight lines between them and beyond. */
export function atLevel(values: readonly [number, number, number], level: number): number {
  return level < 1 ? mix(values[0], values[1], level) : mix(values[1], values[2], level - 1);
}

/** Muscles grow and shrink about one of their landmarks, which stays in place: near the spine. */
const ANCHOR = { psoas: 7, multifidus: 0, erector: 0 } as const;

function placeLandmarks(
  subject: AxialSubject,
  structure: Structure,
  side: 0 | 1,
  level: number,
  canal: Canal,
): readonly Point[] {
  const levels = LANDMARKS[structure];
  const offsets = subject.offsets[structure][side];
  const mean = (n: number, axis: 0 | 1): number =>
    atLevel([levels[0][n]![axis], levels[1][n]![axis], levels[2][n]![axis]], level) + offsets[2 * n + axis]!;
  let points = levels[0].map((_, n): Point => [mean(n, 0), mean(n, 1)]);
  if (structure === "psoas" || structure === "multifidus" || structure === "erector") {
    const [anchorX, anchorY] = points[ANCHOR[structure]]!;
    const scale = subject.bulk[structure][side];
    points = points.map(([x, y]) => [mix(anchorX, x, scale), mix(anchorY, y, scale)]);
  }
  if (structure === "flavum") points = thicken(points, canal.thickening);
  return points.map(([x, y]) => [SIDES[side] * x, y]);
}

/** The ligament's inner face is its first four landmarks: they move towards the middle of the canal. */
function thicken(points: readonly Point[], by: number): Point[] {
  return points.map(([x, y], n) => {
    if (n > 3) return [x, y];
    const toX = n === 0 ? 0 : -x;
    const toY = 9 - y;
    const step = by / Math.sqrt(toX * toX + toY * toY);
    return [x + toX * step, y + toY * step];
  });
}

function discLandmarks({ halfWidth, depth, bulge }: Disc): Point[] {
  return mirrored(DISC_HALF).map(([x, y]) => {
    const isBack = y > -0.1;
    return [x * halfWidth, y * depth + (isBack ? bulge * (1 - x * x) : 0)];
  });
}

/** A half from front to back, closed by its mirror image; the first and last point lie on the midline. */
function mirrored(half: readonly Point[]): Point[] {
  const other = half.slice(1, -1).map(([x, y]): Point => [-x, y]);
  return [...half, ...other.reverse()];
}
