// Labels of a volume: whole numbers, on the grid of the image that they belong to.
import { FormatError } from "../errors.ts";
import { type NamedGeometry, type NiftiVolume, planGrid, reorder } from "../formats/nifti/index.ts";

/** Files hold labels from 0 to this. */
export const largestLabel = 65535;

/** Labels that programs have resampled or scaled are this near to whole numbers. */
const labelSlack = 1e-3;

/**
 * Labels along the axes of `image`, which the file may store in another order or direction. What is within 1e-3 of a whole
 * number is that number. Throws FormatError for other values, which names the voxel of the file, and for another grid.
 */
export function labelsOn(image: NamedGeometry, labels: NiftiVolume, path: string): Uint16Array {
  const plan = planGrid({ ...labels, name: path }, image);
  return reorder(wholeLabels(path, labels), plan, image.shape);
}

/** Throws FormatError that names the first voxel that is no finite number. */
export function requireFinite(path: string, { shape, stored, slope, inter }: NiftiVolume): void {
  for (let at = 0; at < stored.length; at++) {
    const value = Math.fround(slope * stored[at]! + inter);
    if (Number.isFinite(value)) continue;
    throw new FormatError(`${path}: voxel ${voxelAt(shape, at)} is ${value}, expected finite numbers`);
  }
}

function wholeLabels(path: string, { shape, stored, slope, inter }: NiftiVolume): Uint16Array {
  const labels = new Uint16Array(stored.length);
  for (let at = 0; at < labels.length; at++) {
    const value = Math.fround(slope * stored[at]! + inter);
    const label = Math.round(value);
    if (!(Math.abs(value - label) <= labelSlack && label >= 0 && label <= largestLabel)) {
      const expected = `expected a whole number from 0 to ${largestLabel}`;
      throw new FormatError(`${path}: voxel ${voxelAt(shape, at)} is ${value}, ${expected}`);
    }
    labels[at] = label;
  }
  return labels;
}

function voxelAt([i, j]: NiftiVolume["shape"], at: number): string {
  return `(${at % i}, ${Math.floor(at / i) % j}, ${Math.floor(at / i / j)})`;
}
