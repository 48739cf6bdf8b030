// The surfaces of two masks and how far they are apart, element by element: what the Hausdorff distance and its kin are made of.
//
// A surface is made of elements: the cells between 8 neighbouring voxels (4 pixels) that are neither all inside nor all outside, each
// weighted by the area (length) that marching cubes gives it. Outside of the image nothing is inside, so a mask that touches the
// border has a surface there. This is the definition of DeepMind's surface-distance package, from Nikolov et al., "Clinically
// Applicable Segmentation of Head and Neck Anatomy", 2021. MONAI counts voxels of the border instead, whatever their spacing; its
// numbers differ.
import { UsageError } from "../errors.ts";
import { distanceTransform } from "./distance.ts";
import { elementSizes, neighbourBit } from "./surface-elements.ts";

/** How far a surface is from another one. Empty where the mask is empty. */
export interface Surface {
  /** From elements to the nearest element of the other surface, in mm, from the least to the largest; infinity where there is none. */
  readonly distances: Float64Array;
  /** Of all elements at each distance together, in mm2; in 2-D in mm. */
  readonly sizes: Float64Array;
}

/** The surfaces of two masks. */
export interface SurfacePair {
  readonly predicted: Surface;
  readonly truth: Surface;
}

/** A grid of voxels or pixels. */
export interface MaskGrid {
  /** [D, H, W] or [H, W]. */
  readonly shape: readonly number[];
  /** Distance of neighbours along each axis, in mm. The axes are taken to be at right angles. */
  readonly spacing: readonly number[];
}

/**
 * Finds the surfaces of two masks of one grid; elements that are not 0 are inside. It works in the smallest box that holds both
 * masks, and takes up to 20 bytes for each element of the box.
 * Throws UsageError for sizes that do not fit and for a spacing that is not positive.
 */
export function findSurfaces(
  predicted: ArrayLike<number>,
  truth: ArrayLike<number>,
  { shape, spacing }: MaskGrid,
): SurfacePair {
  const sizes = elementSizes(spacing);
  const count = shape.reduce((product, length) => product * length, 1);
  if (shape.length !== spacing.length || predicted.length !== count || truth.length !== count) {
    const got = `masks of ${predicted.length} and ${truth.length} elements, shape [${shape}]`;
    throw new UsageError(`surface: got ${got}, expected one size with ${spacing.length} axes`);
  }
  // A picture is a volume of one slice, without cells before and behind it.
  const lengths = shape.length === 2 ? [1, ...shape] : shape;
  const box = boundingBox([predicted, truth], lengths);
  if (!box) return { predicted: noSurface, truth: noSurface };
  const cells = box.map(({ first, end }, axis) => end - first + (axis === 0 && shape.length === 2 ? 0 : 1));
  const codes = [predicted, truth].map((mask) => encodeCells(mask, { lengths, box, cells, axes: shape.length }));
  const grid = { shape: cells.slice(3 - shape.length), spacing };
  return {
    predicted: measureElements(codes[0]!, codes[1]!, sizes, grid),
    truth: measureElements(codes[1]!, codes[0]!, sizes, grid),
  };
}

const noSurface: Surface = { distances: new Float64Array(0), sizes: new Float64Array(0) };

interface Range {
  readonly first: number;
  readonly end: number;
}

/** Of all that is inside of a mask, along each of three axes; undefined where nothing is. */
function boundingBox(masks: readonly ArrayLike<number>[], lengths: readonly number[]): Range[] | undefined {
  const [, height, width] = lengths as [number, number, number];
  const first = [...lengths];
  const last = lengths.map(() => -1);
  const extend = (axis: number, at: number) => {
    if (at < first[axis]!) first[axis] = at;
    if (at > last[axis]!) last[axis] = at;
  };
  for (const mask of masks) {
    for (let row = 0, start = 0; start < mask.length; row++, start += width) {
      let [left, right] = [0, width - 1];
      while (left < width && mask[start + left] === 0) left++;
      if (left === width) continue;
      while (mask[start + right] === 0) right--;
      extend(0, Math.floor(row / height));
      extend(1, row % height);
      extend(2, left);
      extend(2, right);
    }
  }
  return last[2]! < 0 ? undefined : first.map((start, axis) => ({ first: start, end: last[axis]! + 1 }));
}

interface Crop {
  /** Of the whole mask, three axes. */
  readonly lengths: readonly number[];
  readonly box: readonly Range[];
  /** Cells along each axis. */
  readonly cells: readonly number[];
  /** Of the mask as it is: 2 or 3. */
  readonly axes: number;
}

/** The code of each cell: bit by bit what its neighbours are. Cell i lies between elements i - 1 and i of the box. */
function encodeCells(mask: ArrayLike<number>, { lengths, box, cells, axes }: Crop): Uint8Array {
  const [, height, width] = lengths as [number, number, number];
  const [depths, rows, columns] = box as [Range, Range, Range];
  const [, cellRows, cellColumns] = cells as [number, number, number];
  const codes = new Uint8Array(cells.reduce((product, length) => product * length, 1));
  // The cells around an element, with the bit that it is in each.
  const around = Array.from({ length: 2 ** axes }, (_, corner) => {
    const step = Array.from({ length: axes }, (_, axis) => (corner >> axis) & 1);
    const [z, y, x] = axes === 2 ? [0, ...step] : step;
    return { offset: (z! * cellRows + y!) * cellColumns + x!, bit: neighbourBit(step.map((at) => 1 - at)) };
  });
  for (let z = depths.first; z < depths.end; z++) {
    for (let y = rows.first; y < rows.end; y++) {
      const from = (z * height + y) * width;
      const to = ((z - depths.first) * cellRows + y - rows.first) * cellColumns - columns.first;
      for (let x = columns.first; x < columns.end; x++) {
        if (mask[from + x] === 0) continue;
        for (const { offset, bit } of around) codes[to + x + offset]! |= bit;
      }
    }
  }
  return codes;
}

/** The elements among `codes` with their distances to those among `others`. */
function measureElements(
  codes: Uint8Array,
  others: Uint8Array,
  sizes: Float64Array,
  { shape, spacing }: MaskGrid,
): Surface {
  const full = sizes.length - 1;
  const sites = others.map((code) => (code !== 0 && code !== full ? 1 : 0));
  const distances = sites.includes(1) ? distanceTransform(sites, shape, spacing) : undefined;
  // On a grid many elements are as far away: far fewer numbers are left to sort.
  const found = new Map<number, number>();
  codes.forEach((code, cell) => {
    if (code === 0 || code === full) return;
    const distance = distances?.[cell] ?? Number.POSITIVE_INFINITY;
    found.set(distance, (found.get(distance) ?? 0) + sizes[code]!);
  });
  const sorted = Float64Array.from(found.keys()).sort();
  return { distances: sorted, sizes: sorted.map((distance) => found.get(distance)!) };
}
