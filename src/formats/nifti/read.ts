import { FormatError } from "../../errors.ts";
import { checkOptions, numeric } from "../../options.ts";
import { bytesOf } from "../source/bytes.ts";
import { concatenate } from "../source/concatenate.ts";
import { type Affine, columnLengths } from "./affine.ts";
import type { Datatype } from "./datatype.ts";
import { gunzip, isGzip, LARGEST_GZIP_RATIO } from "./gzip.ts";
import type { NiftiHeader } from "./header.ts";
import type { SlicedGeometry } from "./slice.ts";
import {
  LONGEST_HEADER_BYTES,
  readAffine,
  readDatatype,
  readDims,
  readExtent,
  readHeader,
  readScaling,
} from "./validate.ts";

/** A volume of a NIfTI-1 or NIfTI-2 file, as `readNifti` gives it. Source: https://nifti.nimh.nih.gov/nifti-1 */
export interface NiftiVolume {
  /** [i, j, k] in the file's order: voxel (i, j, k) is data[i + shape[0] * (j + shape[1] * k)]. */
  readonly shape: readonly [number, number, number];
  /** slope * stored + intercept. */
  readonly data: Float32Array<ArrayBuffer>;
  /** Voxel -> mm: x to the right, y anterior, z superior. */
  readonly affine: Affine;
  /** Size of a voxel along i, j, k. */
  readonly spacingMm: readonly [number, number, number];
  /** Type of the stored voxels, as "int16". */
  readonly datatype: string;
  /** The file's own fields; `writeNifti` takes the geometry from them unchanged. */
  readonly header: NiftiHeader;
}

export interface NiftiReadOptions {
  /** Which volume of a 4-D file, from 0. Without it, a file of several volumes is refused. */
  readonly volume?: number;
}

/** Bytes tolerated behind the last voxel of a compressed file; more is taken for a mistake or a bomb. */
const SLACK_BYTES = 1 << 20;

/**
 * Reads a NIfTI-1 or NIfTI-2 file (.nii or .nii.gz, either byte order, any real datatype). `name` begins each message.
 * Allocates no more than the voxels that the file can hold. Throws FormatError if the file does not hold what its
 * header promises.
 */
export async function readNifti(
  given: Uint8Array | ArrayBuffer,
  name: string,
  options: NiftiReadOptions = {},
): Promise<NiftiVolume> {
  checkOptions("readNifti", options, { volume: numeric });
  const bytes = bytesOf("readNifti", given);
  const chunks = isGzip(bytes) ? inflate(bytes, name) : undefined;
  const start = chunks ? await takeStart(chunks) : bytes;
  const header = readHeader(start, name);
  const { shape, volumes } = readDims(header, name);
  const datatype = readDatatype(header, name);
  const affine = readAffine(header, name);
  const scaling = readScaling(header, name);
  const volume = chooseVolume(volumes, options.volume, name);
  const voxels = shape[0] * shape[1] * shape[2];
  const [first, end] = readExtent(header, voxels * volumes, datatype.bytes, name);
  const file = chunks ? await takeRest(start, chunks, end, bytes.length, name) : bytes;
  if (file.length < end)
    throw cutShort(name, file.length, end, `${describe(shape, volumes, datatype)} from byte ${first}`);
  const from = first + volume * voxels * datatype.bytes;
  const stored = file.subarray(from, from + voxels * datatype.bytes);
  return {
    shape,
    data: convert(stored, datatype, header.littleEndian, scaling),
    affine,
    spacingMm: columnLengths(affine),
    datatype: datatype.name,
    header,
  };
}

/** How much of a file `readNiftiGeometry` wants to see: what is compressed has to be inflated a little way. */
export const niftiStartBytes = 65536;

/**
 * Reads where a file's voxels lie, and none of them. `start` is the file's first `niftiStartBytes`, or all of it, and
 * `fileBytes` how long it is. Throws FormatError for a header that `readNifti` would refuse.
 */
export async function readNiftiGeometry(start: Uint8Array, name: string, fileBytes: number): Promise<SlicedGeometry> {
  const chunks = isGzip(start) ? inflate(start, name) : undefined;
  try {
    const header = readHeader(chunks ? await takeStart(chunks) : start, name);
    const { shape, volumes } = readDims(header, name);
    const datatype = readDatatype(header, name);
    chooseVolume(volumes, undefined, name);
    const [first, end] = readExtent(header, shape[0] * shape[1] * shape[2], datatype.bytes, name);
    if (chunks) requirePossible(end, fileBytes, name);
    else if (fileBytes < end)
      throw cutShort(name, fileBytes, end, `${describe(shape, volumes, datatype)} from byte ${first}`);
    return { shape, affine: readAffine(header, name) };
  } finally {
    await chunks?.return();
  }
}

function cutShort(name: string, got: number, expected: number, described: string): FormatError {
  return new FormatError(`${name}: data is cut short, got ${got} bytes, expected ${expected} (${described})`);
}

function describe(shape: readonly number[], volumes: number, datatype: Datatype): string {
  return `${shape.join(" x ")}${volumes > 1 ? ` x ${volumes}` : ""} ${datatype.name}`;
}

function chooseVolume(volumes: number, wanted: number | undefined, name: string): number {
  if (wanted === undefined && volumes > 1) {
    throw new FormatError(`${name}: 4-D file, got ${volumes} volumes, expected 1 or the index of one of them`);
  }
  const volume = wanted ?? 0;
  if (!Number.isInteger(volume) || volume < 0 || volume >= volumes) {
    throw new FormatError(`${name}: no such volume, got index ${volume}, expected 0 to ${volumes - 1}`);
  }
  return volume;
}

/** The chunks of a compressed file; whatever the platform says of bad data becomes one message. */
async function* inflate(bytes: Uint8Array, name: string): AsyncGenerator<Uint8Array, void, undefined> {
  let inflated = 0;
  try {
    for await (const chunk of gunzip(bytes)) {
      inflated += chunk.length;
      yield chunk;
    }
  } catch (cause) {
    throw new FormatError(
      `${name}: bad gzip data, got an error after ${inflated} inflated bytes, expected one complete gzip stream`,
      { cause },
    );
  }
}

/** Reads chunks until they hold a header of either version, or end. */
async function takeStart(chunks: AsyncGenerator<Uint8Array, void, undefined>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  while (length < LONGEST_HEADER_BYTES) {
    const { done, value } = await chunks.next();
    if (done) break;
    parts.push(value);
    length += value.length;
  }
  return concatenate(parts);
}

/**
 * The first `end` bytes of a compressed file, or all of it if it is shorter. The file is read to its end, so that its
 * checksum is verified, but no further than SLACK_BYTES beyond `end`.
 */
async function takeRest(
  start: Uint8Array,
  chunks: AsyncGenerator<Uint8Array, void, undefined>,
  end: number,
  compressedBytes: number,
  name: string,
): Promise<Uint8Array> {
  try {
    requirePossible(end, compressedBytes, name);
  } catch (error) {
    await chunks.return();
    throw error;
  }
  const file = new Uint8Array(end);
  file.set(start.subarray(0, end));
  let length = start.length;
  for await (const chunk of chunks) {
    if (length < end) file.set(chunk.subarray(0, end - length), length);
    length += chunk.length;
    if (length > end + SLACK_BYTES) {
      throw new FormatError(
        `${name}: data goes on behind the last voxel, got over ${end + SLACK_BYTES} inflated bytes, expected ${end}`,
      );
    }
  }
  return length < end ? file.subarray(0, length) : file;
}

function requirePossible(end: number, compressedBytes: number, name: string): void {
  const most = compressedBytes * LARGEST_GZIP_RATIO;
  if (end <= most) return;
  throw new FormatError(
    `${name}: header promises more than the file can hold, got ${compressedBytes} compressed bytes (at most ${most} inflated), expected ${end}`,
  );
}

/** Stored bytes, little- or big-endian, to scaled numbers. */
function convert(
  stored: Uint8Array,
  datatype: Datatype,
  littleEndian: boolean,
  { slope, inter }: { readonly slope: number; readonly inter: number },
): Float32Array<ArrayBuffer> {
  // A copy is aligned for any type, and may be swapped in place; not by slice, which on Node's Buffer is no copy.
  const bytes = new Uint8Array(stored);
  if (!littleEndian) swapBytes(bytes, datatype.bytes);
  // Typed arrays are little-endian on every platform that has WebGPU.
  const values = new datatype.array(bytes.buffer);
  const data = new Float32Array(values.length);
  for (let n = 0; n < data.length; n++) data[n] = slope * Number(values[n]!) + inter;
  return data;
}

function swapBytes(bytes: Uint8Array, width: number): void {
  for (let at = 0; width > 1 && at < bytes.length; at += width) bytes.subarray(at, at + width).reverse();
}
