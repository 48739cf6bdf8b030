// The sizes of surface elements: what a surface covers in the cell between 8 neighbouring voxels, as marching cubes draws it, and
// what a contour covers between 4 pixels.
//
// Source of the 14 cases: Lorensen and Cline, "Marching Cubes: A High Resolution 3D Surface Construction Algorithm", 1987, with the
// vertices in the middle of the edges. Every other code is one of them turned, mirrored or with inside and outside exchanged, and
// its triangles too, so their areas follow. Sizes are those of DeepMind's surface-distance package.
import { UsageError } from "../errors.ts";

/** The triangles of a code, those that are parallel added up: their normals, as long as their areas at spacing 1. */
interface Case {
  readonly code: number;
  /** In units of 1/8 (a cell of voxels) or 1/2 (a cell of pixels). */
  readonly normals: readonly (readonly number[])[];
}

const cubes: readonly Case[] = [
  { code: 0b00000001, normals: [[1, 1, 1]] },
  { code: 0b00000011, normals: [[4, 4, 0]] },
  { code: 0b00000110, normals: [[2, 2, 2]] },
  { code: 0b00011000, normals: [[2, 2, 2]] },
  {
    code: 0b00000111,
    normals: [
      [4, 0, 0],
      [3, 3, 3],
    ],
  },
  {
    code: 0b00011001,
    normals: [
      [0, 4, 4],
      [1, 1, 1],
    ],
  },
  { code: 0b00010110, normals: [[3, 3, 3]] },
  { code: 0b00001111, normals: [[8, 0, 0]] },
  { code: 0b00010111, normals: [[6, 6, 6]] },
  {
    code: 0b00011011,
    normals: [
      [0, 2, 2],
      [2, 0, 2],
      [4, 4, 4],
    ],
  },
  {
    code: 0b00011110,
    normals: [
      [4, 0, 0],
      [4, 4, 4],
    ],
  },
  { code: 0b00111100, normals: [[8, 8, 0]] },
  { code: 0b01101001, normals: [[4, 4, 4]] },
];

const squares: readonly Case[] = [
  { code: 0b0001, normals: [[1, 1]] },
  { code: 0b0011, normals: [[2, 0]] },
  { code: 0b0110, normals: [[2, 2]] },
];

/**
 * The bit of each neighbour of a cell in its code: the neighbour at [a, b, c], each 0 or 1, has bit 7 - (4 a + 2 b + c); of pixels
 * the one at [a, b] has bit 3 - (2 a + b).
 */
export function neighbourBit(place: readonly number[]): number {
  return 1 << (2 ** place.length - 1 - place.reduce((index, at) => 2 * index + at, 0));
}

/**
 * The size of the surface in a cell, by the code of its neighbours: mm2 for spacing [D, H, W], mm for spacing [H, W]. Codes 0 and
 * 255 (or 15), a cell that is wholly outside or inside, have 0. Throws UsageError for another number of axes.
 */
export function elementSizes(spacing: readonly number[]): Float64Array {
  const axes = spacing.length;
  if (axes !== 2 && axes !== 3) throw new UsageError(`surface: got ${axes} axes, expected [D, H, W] or [H, W]`);
  const [cases, unit] = axes === 3 ? [cubes, 8] : [squares, 2];
  const whole = spacing.reduce((product, step) => product * step, 1) / unit;
  const sizes = new Float64Array(2 ** (2 ** axes));
  for (const { code, normals } of cases) {
    for (const order of orders(axes)) {
      // Mirroring turns the signs of normals, which areas do not see.
      const lengths = normals.map((normal) =>
        Math.hypot(...spacing.map((step, a) => (normal[order[a]!]! * whole) / step)),
      );
      const size = lengths.reduce((sum, length) => sum + length, 0);
      for (let flips = 0; flips < 2 ** axes; flips++) {
        const turned = turn(code, order, flips);
        sizes[turned] = size;
        sizes[sizes.length - 1 - turned] = size;
      }
    }
  }
  return sizes;
}

/** The code of a cell whose axis a was axis order[a], with the axes mirrored whose bit is in `flips`. */
function turn(code: number, order: readonly number[], flips: number): number {
  let turned = 0;
  for (let corner = 0; corner < 2 ** order.length; corner++) {
    const place = order.map((_, axis) => (corner >> axis) & 1);
    if ((code & neighbourBit(place)) === 0) continue;
    turned |= neighbourBit(order.map((from, axis) => place[from]! ^ ((flips >> axis) & 1)));
  }
  return turned;
}

/** All orders of the axes. */
function orders(axes: number): number[][] {
  const all = Array.from({ length: axes }, (_, axis) => axis);
  const extend = (begun: number[]): number[][] =>
    begun.length === axes
      ? [begun]
      : all.filter((axis) => !begun.includes(axis)).flatMap((axis) => extend([...begun, axis]));
  return extend([]);
}
