// A file of images with the file of its labels: a pair of PNG pictures, or two NIfTI volumes seen slice by slice.
import { FormatError } from "../../errors.ts";
import {
  extractSlice,
  niftiStartBytes,
  planGrid,
  readNifti,
  readNiftiGeometry,
  type SlicedGeometry,
  sliceAxes,
} from "../../formats/nifti/index.ts";
import { pngStartBytes, readLabelPng, readPng, readPngSize } from "../../formats/png/index.ts";
import { openSource, readOrigin } from "../../formats/source/source.ts";
import { labelsOn, requireFinite } from "../../segment/labels.ts";
import type { SliceSize } from "../../segment/resample.ts";
import type { SliceAxis } from "./options.ts";

/** Plain data, which goes to threads. */
export interface ScanFile {
  readonly image: string;
  readonly labels: string;
  /** Of PNG pictures. */
  readonly spacingMm: number;
  /** Of NIfTI volumes. */
  readonly axis: SliceAxis;
  /** Whose classes its labels have. */
  readonly source: number;
}

/** What a file is before its pixels are read. */
export interface ScanSummary {
  readonly slices: number;
  /** Of the decoded images and labels. */
  readonly bytes: number;
}

/** Slice `n` of a pair that was read; row-major [height, width]. */
export interface Scan {
  slice(n: number): SliceSize & {
    readonly image: Float32Array;
    readonly labels: ArrayLike<number>;
    /** Distance to the next slice; undefined for a picture. */
    readonly sliceMm?: number;
  };
}

export function isNifti(path: string): boolean {
  return /\.nii(\.gz)?$/i.test(path);
}

/** Reads the beginnings of both files. Throws FormatError where one is missing, or they are not of one size. */
export async function inspectScan(file: ScanFile): Promise<ScanSummary> {
  if (!isNifti(file.image)) {
    const [image, labels] = await readBoth(file, async (path) =>
      readPngSize((await readStart(path, pngStartBytes)).start, path),
    );
    requireSameSize(file, [image.width, image.height], [labels.width, labels.height]);
    return { slices: 1, bytes: image.width * image.height * pngPixelBytes };
  }
  const [image, labels] = await readBoth(file, async (path) => {
    const { start, fileBytes } = await readStart(path, niftiStartBytes);
    return readNiftiGeometry(start, path, fileBytes);
  });
  planGrid({ ...labels, name: file.labels }, { ...image, name: file.image });
  const [i, j, k] = image.shape;
  return { slices: image.shape[axisOf(file, image)], bytes: i * j * k * (image.voxelBytes + labelBytes) };
}

/** f32 and a label of one byte; a label of a volume. */
const [pngPixelBytes, labelBytes] = [5, 2];

/** Reads both files. Throws FormatError, also for values that are no finite numbers, or labels that are not whole (see `labelsOn`). */
export async function readScan(file: ScanFile): Promise<Scan> {
  return isNifti(file.image) ? readVolumes(file) : readPictures(file);
}

async function readPictures(file: ScanFile): Promise<Scan> {
  const image = readPng(await readOrigin(file.image), file.image);
  const labels = readLabelPng(await readOrigin(file.labels), file.labels);
  requireSameSize(file, [image.width, image.height], [labels.width, labels.height]);
  const { height, width } = image;
  const spacingMm = [file.spacingMm, file.spacingMm] as const;
  return { slice: () => ({ height, width, spacingMm, image: image.data, labels: labels.data }) };
}

async function readVolumes(file: ScanFile): Promise<Scan> {
  const image = await readNifti(await readOrigin(file.image), file.image);
  requireFinite(file.image, image);
  const labelVolume = await readNifti(await readOrigin(file.labels), file.labels);
  const { shape, affine } = image;
  const labels = { shape, affine, data: labelsOn({ shape, affine, name: file.image }, labelVolume, file.labels) };
  const axis = axisOf(file, image);
  return {
    slice(n) {
      const { height, width, spacingMm, data } = extractSlice(image, axis, n);
      const sliceMm = image.spacingMm[axis];
      return { height, width, spacingMm, sliceMm, image: data, labels: extractSlice(labels, axis, n).data };
    },
  };
}

function axisOf({ axis }: ScanFile, { affine }: SlicedGeometry): 0 | 1 | 2 {
  const { right, anterior, superior } = sliceAxes(affine);
  return { sagittal: right.axis, coronal: anterior.axis, axial: superior.axis, i: 0, j: 1, k: 2 }[axis] as 0 | 1 | 2;
}

/** Both files; says of a labels file that cannot be read whose labels it should hold. */
async function readBoth<T>(file: ScanFile, read: (path: string) => Promise<T>): Promise<[T, T]> {
  const image = await read(file.image);
  try {
    return [image, await read(file.labels)];
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(`${error.message} (the labels of ${file.image})`);
  }
}

async function readStart(path: string, bytes: number): Promise<{ start: Uint8Array; fileBytes: number }> {
  const source = await openSource(path);
  try {
    return { start: await source.read(0, Math.min(bytes, source.size)), fileBytes: source.size };
  } finally {
    await source.close();
  }
}

function requireSameSize(file: ScanFile, image: readonly number[], labels: readonly number[]): void {
  const [expected, got] = [image.join(" x "), labels.join(" x ")];
  if (got !== expected) throw new FormatError(`${file.labels}: is ${got}, expected ${expected} as ${file.image}`);
}
