// Slices of a volume as a person looks at them, whatever order and direction the file stores its axes in.

import { UsageError } from "../../errors.ts";
import { type Affine, columnLengths } from "./affine.ts";
import type { StoredVoxels } from "./convert.ts";

/** A voxel axis, and whether its index grows (1) or falls (-1) in the named direction. */
export interface Heading {
  readonly axis: 0 | 1 | 2;
  readonly sign: 1 | -1;
}

/** For each direction of the world, the voxel axis nearest to it. Slices across `right.axis` are the sagittal ones. */
export interface SliceAxes {
  readonly right: Heading;
  readonly anterior: Heading;
  readonly superior: Heading;
}

/** What slicing needs to know of a volume. */
export interface SlicedGeometry {
  readonly shape: readonly [number, number, number];
  readonly affine: Affine;
}

/** One slice, row-major [height, width]. */
export interface Slice {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array<ArrayBuffer>;
  /** Distance between rows and between columns. */
  readonly spacingMm: readonly [row: number, column: number];
}

const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

/** Assigns the voxel axes to right, anterior and superior so that their cosines sum to the most. */
export function sliceAxes(affine: Affine): SliceAxes {
  const length = columnLengths(affine);
  const cosine = (world: number, axis: number) => affine[world]![axis]! / length[axis]!;
  const closeness = (order: readonly number[]) =>
    order.reduce((sum, axis, world) => sum + Math.abs(cosine(world, axis)), 0);
  const best = ORDERS.reduce((a, b) => (closeness(b) > closeness(a) + 1e-9 ? b : a));
  const heading = (world: number): Heading => ({ axis: best[world]!, sign: cosine(world, best[world]!) < 0 ? -1 : 1 });
  return { right: heading(0), anterior: heading(1), superior: heading(2) };
}

/** Where a slice's pixels are in the volume's data: pixel (row, column) is at start + row * rowStep + column * columnStep. */
interface SlicePlan {
  readonly width: number;
  readonly height: number;
  readonly start: number;
  readonly rowStep: number;
  readonly columnStep: number;
  readonly spacingMm: readonly [row: number, column: number];
}

/**
 * Sagittal: superior up, anterior left. Coronal: superior up, the patient's right at the left. Axial: anterior up, the
 * patient's right at the left.
 */
function planSlice({ shape, affine }: SlicedGeometry, axis: number, index: number): SlicePlan {
  const { right, anterior, superior } = sliceAxes(affine);
  if (axis !== 0 && axis !== 1 && axis !== 2)
    throw new UsageError(`slice: no such axis, got ${axis}, expected 0, 1 or 2`);
  if (!Number.isInteger(index) || index < 0 || index >= shape[axis]) {
    throw new UsageError(`slice: no such slice along axis ${axis}, got ${index}, expected 0 to ${shape[axis] - 1}`);
  }
  // The heading from which rows and columns start: row 0 and column 0 are the furthest that way.
  const up = axis === superior.axis ? anterior : superior;
  const left = axis === right.axis ? anterior : right;
  const step = [1, shape[0], shape[0] * shape[1]] as const;
  const spacing = columnLengths(affine);
  const begin = (from: Heading) => (from.sign > 0 ? (shape[from.axis] - 1) * step[from.axis] : 0);
  return {
    width: shape[left.axis],
    height: shape[up.axis],
    start: index * step[axis] + begin(up) + begin(left),
    rowStep: -up.sign * step[up.axis],
    columnStep: -left.sign * step[left.axis],
    spacingMm: [spacing[up.axis], spacing[left.axis]],
  };
}

/** Numbers on a grid, or voxels as a file stores them. */
export type SlicedVolume = SlicedGeometry & ({ readonly data: ArrayLike<number> } | StoredVoxels);

/**
 * Takes slice `index` along a voxel axis, turned for display; of stored voxels slope * stored + inter. Throws UsageError if there is
 * no such slice.
 */
export function extractSlice(volume: SlicedVolume, axis: number, index: number): Slice {
  const { width, height, start, rowStep, columnStep, spacingMm } = planSlice(volume, axis, index);
  const { stored, slope, inter } = "stored" in volume ? volume : { stored: volume.data, slope: 1, inter: 0 };
  const data = new Float32Array(width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      data[row * width + column] = slope * stored[start + row * rowStep + column * columnStep]! + inter;
    }
  }
  return { width, height, data, spacingMm };
}

/**
 * Puts pixels [height, width], turned as `extractSlice` gives them, into the volume's data.
 * Throws UsageError if there is no such slice or the number of pixels is not its own.
 */
export function insertSlice(
  volume: SlicedGeometry & { readonly data: { [n: number]: number } },
  axis: number,
  index: number,
  pixels: ArrayLike<number>,
): void {
  const { width, height, start, rowStep, columnStep } = planSlice(volume, axis, index);
  if (pixels.length !== width * height) {
    throw new UsageError(
      `insertSlice: bad pixels, got ${pixels.length}, expected ${width * height} (${height} x ${width})`,
    );
  }
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      volume.data[start + row * rowStep + column * columnStep] = pixels[row * width + column]!;
    }
  }
}
