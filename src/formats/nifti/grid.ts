// Two volumes of one grid may store its axes in another order or direction: where the voxels of one are in the other.

import { FormatError } from "../../errors.ts";
import { type Affine, columnLengths } from "./affine.ts";
import type { SlicedGeometry } from "./slice.ts";

/** Voxel (i, j, k) of a grid is at start + i * steps[0] + j * steps[1] + k * steps[2] of another volume's data. */
export interface GridPlan {
  readonly start: number;
  readonly steps: readonly [number, number, number];
}

/** A volume with its name for messages. */
export interface NamedGeometry extends SlicedGeometry {
  readonly name: string;
}

/** The volume as another order and direction of axes has it, and how to walk it so. */
interface Turned extends SlicedGeometry {
  readonly plan: GridPlan;
}

const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

/**
 * How to walk `volume` in the order of the axes of `grid`. Voxels may lie apart by half of the smallest side of a voxel.
 * Throws FormatError that says what differs, where it is another grid in every order and direction of axes.
 */
export function planGrid(volume: NamedGeometry, grid: NamedGeometry): GridPlan {
  const candidates = ORDERS.flatMap((order) => [0, 1, 2, 3, 4, 5, 6, 7].map((flips) => turn(volume, order, flips)));
  const sized = candidates.filter(({ shape }) => shape.every((length, axis) => length === grid.shape[axis]));
  const nearest = sized.toSorted((a, b) => farthestMm(a, grid) - farthestMm(b, grid))[0];
  if (nearest === undefined) {
    const [got, expected] = [volume.shape.join(" x "), grid.shape.join(" x ")];
    throw new FormatError(`${volume.name}: is ${got} voxels, expected ${expected} as ${grid.name}`);
  }
  if (farthestMm(nearest, grid) > Math.min(...columnLengths(grid.affine)) / 2) throw apart(volume.name, nearest, grid);
  return nearest.plan;
}

/** Copies the voxels into the order of a grid of that shape. */
export function reorder(data: Uint16Array, { start, steps }: GridPlan, shape: SlicedGeometry["shape"]): Uint16Array {
  const turned = new Uint16Array(data.length);
  let at = 0;
  for (let k = 0; k < shape[2]; k++) {
    for (let j = 0; j < shape[1]; j++) {
      const row = start + j * steps[1] + k * steps[2];
      for (let i = 0; i < shape[0]; i++) turned[at++] = data[row + i * steps[0]]!;
    }
  }
  return turned;
}

/** Axis n of the result is axis order[n] of the volume, run backwards where bit n of `flips` is set. */
function turn({ shape, affine }: SlicedGeometry, order: readonly [number, number, number], flips: number): Turned {
  const step = [1, shape[0], shape[0] * shape[1]] as const;
  const axes = order.map((axis, n) => {
    const isFlipped = ((flips >> n) & 1) === 1;
    const length = shape[axis]!;
    return { axis, length, sign: isFlipped ? -1 : 1, first: isFlipped ? length - 1 : 0 };
  });
  const row = (r: number) => {
    const values = affine[r]!;
    const origin = axes.reduce((sum, { axis, first }) => sum + first * values[axis]!, values[3]!);
    return [...axes.map(({ axis, sign }) => sign * values[axis]!), origin];
  };
  const [a, b, c] = axes as [(typeof axes)[0], (typeof axes)[0], (typeof axes)[0]];
  return {
    shape: [a.length, b.length, c.length],
    affine: [row(0), row(1), row(2), [0, 0, 0, 1]],
    plan: {
      start: axes.reduce((sum, { axis, first }) => sum + first * step[axis]!, 0),
      steps: [a.sign * step[a.axis]!, b.sign * step[b.axis]!, c.sign * step[c.axis]!],
    },
  };
}

/** The most that any entry of the affines moves a voxel of the grid. */
function farthestMm({ affine }: SlicedGeometry, grid: SlicedGeometry): number {
  return Math.max(...[0, 1, 2, 3].map((column) => apartMm(affine, grid, column)));
}

function apartMm(affine: Affine, grid: SlicedGeometry, column: number): number {
  const reach = column < 3 ? grid.shape[column]! : 1;
  return reach * Math.max(...[0, 1, 2].map((row) => Math.abs(affine[row]![column]! - grid.affine[row]![column]!)));
}

function apart(name: string, { affine }: SlicedGeometry, grid: NamedGeometry): FormatError {
  const column = [3, 0, 1, 2].reduce((a, b) => (apartMm(affine, grid, b) > apartMm(affine, grid, a) ? b : a));
  const vector = (of: Affine) => `(${[0, 1, 2].map((row) => Number(of[row]![column]!.toFixed(4))).join(", ")})`;
  const what = column === 3 ? "the first voxel lies at" : `a step along axis ${"ijk"[column]} is`;
  return new FormatError(
    `${name}: not the grid of ${grid.name}, whatever the order of axes: ${what} ${vector(affine)} mm, expected ${vector(grid.affine)}`,
  );
}
