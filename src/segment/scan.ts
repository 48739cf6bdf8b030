// A scan as a file holds it: slices with their geometry, and masks in the file's own form.
import { FormatError, UsageError } from "../errors.ts";
import {
  determinant,
  extractSlice,
  insertSlice,
  type NiftiVolume,
  readNifti,
  type SlicedVolume,
  sliceAxes,
  writeNifti,
} from "../formats/nifti/index.ts";
import { readLabelPng, readPng, writeLabelPng } from "../formats/png/index.ts";
import { fileSource } from "../formats/source/file.ts";
import { readAll } from "../formats/source/source.ts";
import { checkOptions, numeric, oneOf, type Rules } from "../options.ts";
import type { SliceList } from "../slice-list.ts";
import { labelsOn, requireFinite } from "./labels.ts";
import type { SliceSize } from "./resample.ts";

/** The axis that slices lie across: the anatomical one, or an axis of the file. */
export type AxisName = "sagittal" | "i" | "j" | "k";

/** How a file is seen as slices. */
export interface ScanOptions {
  /** What slices lie across; of volumes only. */
  readonly axis: AxisName;
  /** Pixel size of a PNG, which states none; default 1 mm. */
  readonly spacing?: number | undefined;
  /** Which volume of a 4-D file. */
  readonly volume?: number | undefined;
}

const scanRules: Rules<ScanOptions> = { axis: oneOf("sagittal", "i", "j", "k"), spacing: numeric, volume: numeric };

/** A scan that was read: slices as a person looks at them. */
export interface Scan {
  readonly name: string;
  readonly size: SliceSize;
  /** Of a volume made when asked for, out of its voxels as they are stored. */
  readonly slices: SliceList;
  /** What slices lie across, for people: `sagittal`, `axis i`; undefined for a single picture. */
  readonly axis: string | undefined;
  /** Length of a voxel's side across slices; undefined for a single picture. */
  readonly sliceMm: number | undefined;
  /** Volume of a voxel, which shear makes less than the product of its sides; undefined for a single picture. */
  readonly voxelMm3: number | undefined;
  /** Voxels or pixels along each axis of the file. */
  readonly shape: readonly number[];
  /** Mask file of the classes of each slice, with the geometry of the scan; `path` tells whether to compress. */
  encodeMask(classes: readonly Uint8Array[], path: string): Promise<Uint8Array>;
  /**
   * Reads labels that belong to this scan, as slices of it, whatever order the file stores its axes in. What is within 1e-3 of a
   * whole number is that number. Throws FormatError for other values and for another size or grid.
   */
  readLabels(path: string): Promise<SliceList<ArrayLike<number>>>;
}

/** Reads a NIfTI or PNG file. Throws FormatError, also for values that are not finite and for pictures of one grey. */
export async function readScan(path: string, options: ScanOptions): Promise<Scan> {
  checkOptions("readScan", options, scanRules);
  const scan = isPng(path) ? await readPicture(path, options) : await readVolume(path, options);
  requireContrast(scan);
  return scan;
}

/** Whether a path names a PNG, by its ending. */
export function isPng(path: string): boolean {
  return /\.png$/i.test(path);
}

/** Throws UsageError unless a mask of this scan can be written under that name. */
export function requireMaskName(scanPath: string, maskPath: string): void {
  if (isPng(scanPath) ? isPng(maskPath) : /\.nii(\.gz)?$/i.test(maskPath)) return;
  const expected = isPng(scanPath) ? "a name that ends in .png" : "a name that ends in .nii or .nii.gz";
  throw new UsageError(`${maskPath}: no name for a mask of ${scanPath}, expected ${expected}`);
}

async function readBytes(path: string): Promise<Uint8Array> {
  const source = await fileSource(path);
  try {
    return await readAll(source);
  } finally {
    await source.close();
  }
}

async function readVolume(path: string, { axis: axisName, volume: index, spacing }: ScanOptions): Promise<Scan> {
  if (spacing !== undefined) throw new UsageError(`spacing ${spacing}: ${path} states its own, expected a PNG`);
  const volume = await readNifti(await readBytes(path), path, index === undefined ? {} : { volume: index });
  requireFinite(path, volume);
  const { axis, text } = chooseAxis(volume, axisName);
  const { shape, affine } = volume;
  const slicesOf = (sliced: SlicedVolume): SliceList => ({
    length: shape[axis],
    at: (n) => extractSlice(sliced, axis, n).data,
  });
  const { height, width, spacingMm } = extractSlice(volume, axis, 0);
  return {
    name: path,
    size: { height, width, spacingMm },
    slices: slicesOf(volume),
    axis: text,
    sliceMm: volume.spacingMm[axis],
    voxelMm3: Math.abs(determinant(affine)),
    shape,
    encodeMask(classes, maskPath) {
      const mask = { shape, affine, data: new Uint8Array(volume.stored.length) };
      classes.forEach((map, n) => {
        insertSlice(mask, axis, n, map);
      });
      return writeNifti({ shape: mask.shape, data: mask.data, like: volume }, { gzip: /\.gz$/i.test(maskPath) });
    },
    async readLabels(labelPath) {
      const labels = await readNifti(await readBytes(labelPath), labelPath);
      return slicesOf({ shape, affine, data: labelsOn({ shape, affine, name: path }, labels, labelPath) });
    },
  };
}

/** A volume of one slice is looked at as that slice, whatever its affine says. */
function chooseAxis(volume: NiftiVolume, name: AxisName): { axis: 0 | 1 | 2; text: string } {
  const letters = ["i", "j", "k"] as const;
  const sagittal = sliceAxes(volume.affine).right.axis;
  if (name !== "sagittal") return { axis: letters.indexOf(name) as 0 | 1 | 2, text: `axis ${name}` };
  const single = volume.shape.indexOf(1);
  if (volume.shape.filter((length) => length === 1).length === 1 && single !== sagittal) {
    return { axis: single as 0 | 1 | 2, text: `axis ${letters[single]}, which is one slice thick` };
  }
  return { axis: sagittal, text: `sagittal (axis ${letters[sagittal]})` };
}

async function readPicture(path: string, { spacing = 1, axis, volume }: ScanOptions): Promise<Scan> {
  if (axis !== "sagittal") throw new UsageError(`axis ${axis}: ${path} is a single picture, expected a volume`);
  if (volume !== undefined) throw new UsageError(`volume ${volume}: ${path} is a single picture, expected a volume`);
  const { width, height, data } = readPng(await readBytes(path), path);
  return {
    name: path,
    size: { height, width, spacingMm: [spacing, spacing] },
    slices: [data],
    axis: undefined,
    sliceMm: undefined,
    voxelMm3: undefined,
    shape: [width, height],
    // Grey, not coloured: programs that read labels then need no palette.
    encodeMask: async (classes) => writeLabelPng({ width, height, data: classes[0]! }),
    async readLabels(labelPath) {
      const labels = readLabelPng(await readBytes(labelPath), labelPath);
      if (labels.width === width && labels.height === height) return [labels.data];
      const [got, expected] = [`${labels.width} x ${labels.height}`, `${width} x ${height}`];
      throw new FormatError(`${labelPath}: is ${got} pixels, expected ${expected} as ${path}`);
    },
  };
}

function requireContrast({ name, slices }: Scan): void {
  const first = slices.at(0)![0]!;
  for (let n = 0; n < slices.length; n++) if (slices.at(n)!.some((value) => value !== first)) return;
  throw new FormatError(`${name}: no contrast, every pixel is ${first}, expected a picture`);
}
