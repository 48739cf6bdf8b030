// A synthetic lumbar spine MRI volume with its truth: sagittal slices of 4 mm, about 1 mm in-plane, as a scanner stores them.

import { drawAnatomy } from "./anatomy.ts";
import { paintArch, paintForamen } from "./arches.ts";
import { type Local, paintBody, paintDisc, toLocal } from "./bodies.ts";
import { createCanal, paintCanal } from "./canal.ts";
import { type Contrast, contrastOfSeed } from "./contrast.ts";
import { createRandom, sineCosine } from "./random.ts";
import type { Sample } from "./sample.ts";
import { degrade } from "./scan.ts";
import { createSurroundings, paintSurroundings } from "./surroundings.ts";

export interface PhantomOptions {
  /** Number of slices; by default 16 to 24, by the seed. */
  readonly slices?: number;
  /** By default the seed decides: six in ten T2. */
  readonly contrast?: Contrast;
}

export interface Phantom {
  /** [columns (front to back), rows (head to foot), slices]; voxel (i, j, k) is at i + shape[0] * (j + shape[1] * k). */
  readonly shape: readonly [number, number, number];
  readonly spacingMm: readonly [number, number, number];
  readonly image: Int16Array<ArrayBuffer>;
  /** 1 vertebral body (every one above the sacrum), 2 disc, 3 dural sac with cord, 4 arch and processes, 0 all else. */
  readonly labels: Uint8Array<ArrayBuffer>;
  /** Row-major 4x4, voxel -> mm (right, anterior, superior); slices tilted by a few degrees. */
  readonly affine: readonly (readonly number[])[];
  readonly contrast: Contrast;
}

const COLUMNS = 224;
const ROWS = 256;
const SLICE_MM = 4;
/** Three points this far apart across a slice make a voxel: what the slice's thickness blurs. */
const ACROSS_MM = SLICE_MM / 3;

/** Draws the phantom of a seed (an integer of 0 or more). The same seed gives the same bits on every engine. */
export function createLumbarPhantom(seed: number, options: PhantomOptions = {}): Phantom {
  const contrast = options.contrast ?? contrastOfSeed(seed);
  const random = createRandom(seed * 747796405 + 3);
  const drawn = random.integer(16, 24);
  const slices = options.slices ?? drawn;
  const inPlane = random.between(0.95, 1.1);
  const leftFirst = random.chance(0.5);
  const affine = drawAffine(seed, [COLUMNS, ROWS, slices], [inPlane, inPlane, SLICE_MM], leftFirst);

  const anatomy = drawAnatomy(seed, contrast);
  const canal = createCanal(anatomy);
  const around = createSurroundings(anatomy);
  const { vertebrae } = anatomy;
  const locals: Local[] = vertebrae.map(() => ({ a: 0, b: 0, x: 0 }));
  const near = new Uint8Array(vertebrae.length);
  const sample: Sample = { value: 0, label: 0 };

  /** Adds the spine to a sample that holds the surroundings; `near` lists the vertebrae that can reach it. */
  const paintSpine = (u: number, v: number, x: number, nearCount: number): void => {
    for (let m = 0; m < nearCount; m++) locals[near[m]!]!.x = x - vertebrae[near[m]!]!.x;
    for (let m = 0; m < nearCount; m++) paintForamen(anatomy, vertebrae[near[m]!]!, locals[near[m]!]!, sample);
    for (let m = 0; m < nearCount; m++) paintArch(anatomy, vertebrae[near[m]!]!, locals[near[m]!]!, sample);
    paintCanal(anatomy, canal, u, v, x, sample);
    for (let m = 0; m + 1 < nearCount; m++) {
      const upper = near[m]!;
      const lower = near[m + 1]!;
      paintDisc(anatomy, vertebrae[upper]!, vertebrae[lower]!, locals[upper]!, locals[lower]!, sample);
    }
    for (let m = 0; m < nearCount; m++) paintBody(anatomy, vertebrae[near[m]!]!, locals[near[m]!]!, sample);
  };

  /** The mean of three points across the slice, and the label of at least two of them, else of the middle one. */
  const paintVoxel = (u: number, v: number, x: number): void => {
    if (!paintSurroundings(anatomy, canal, around, u, v, x, sample)) return;
    let nearCount = 0;
    for (let n = 0; n < vertebrae.length; n++) {
      toLocal(vertebrae[n]!, u, v, locals[n]!);
      if (Math.abs(locals[n]!.b) < 38 && locals[n]!.a > -27 && locals[n]!.a < 80) near[nearCount++] = n;
    }
    if (nearCount === 0) return;
    const base = sample.value;
    paintSpine(u, v, x - ACROSS_MM, nearCount);
    const before = sample.value;
    const labelBefore = sample.label;
    sample.value = base;
    sample.label = 0;
    paintSpine(u, v, x + ACROSS_MM, nearCount);
    const after = sample.value;
    const labelAfter = sample.label;
    sample.value = base;
    sample.label = 0;
    paintSpine(u, v, x, nearCount);
    sample.value = (before + sample.value + after) / 3;
    if (labelBefore === labelAfter) sample.label = labelBefore;
  };

  const signal = new Float64Array(COLUMNS * ROWS * slices);
  const labels = new Uint8Array(signal.length);
  for (let k = 0; k < slices; k++) {
    const x = (k - (slices - 1) / 2) * SLICE_MM * (leftFirst ? 1 : -1);
    for (let j = 0; j < ROWS; j++) {
      const v = (j - (ROWS - 1) / 2) * inPlane;
      for (let i = 0; i < COLUMNS; i++) {
        const u = (i - (COLUMNS - 1) / 2) * inPlane;
        const voxel = i + COLUMNS * (j + ROWS * k);
        paintVoxel(u, v, x);
        signal[voxel] = sample.value;
        labels[voxel] = sample.label;
      }
    }
  }
  const shape = [COLUMNS, ROWS, slices] as const;
  return {
    shape,
    spacingMm: [inPlane, inPlane, SLICE_MM],
    image: degrade(signal, shape, seed),
    labels,
    affine,
    contrast,
  };
}

/** Columns run to the back, rows to the feet, slices to the right or left; the whole is turned by a few degrees. */
function drawAffine(
  seed: number,
  shape: readonly [number, number, number],
  spacing: readonly [number, number, number],
  leftFirst: boolean,
): number[][] {
  const random = createRandom(seed * 22695477 + 1);
  const [sx, cx] = sineCosine(random.between(-5, 5));
  const [sy, cy] = sineCosine(random.between(-4, 4));
  const [sz, cz] = sineCosine(random.between(-6, 6));
  // Rz * Ry * Rx
  const turn = [
    [cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx],
    [sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx],
    [-sy, cy * sx, cy * cx],
  ];
  // Directions of i, j, k before the turn: posterior, inferior, right or left.
  const axes = [
    [0, -1, 0],
    [0, 0, -1],
    [leftFirst ? 1 : -1, 0, 0],
  ];
  const centre = [random.between(-8, 8), random.between(-60, 20), random.between(-80, 40)];
  const rows = turn.map((row) =>
    axes.map((axis, n) => (row[0]! * axis[0]! + row[1]! * axis[1]! + row[2]! * axis[2]!) * spacing[n]!),
  );
  return [
    ...rows.map((row, n) => [
      ...row,
      centre[n]! - row.reduce((sum, value, axis) => sum + (value * (shape[axis]! - 1)) / 2, 0),
    ]),
    [0, 0, 0, 1],
  ];
}
