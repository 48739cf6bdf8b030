import { FormatError } from "../../errors.ts";
import { checkOptions, numeric } from "../../options.ts";
import { bytesOf } from "../source/bytes.ts";
import { concatenate } from "../source/concatenate.ts";
import { type Affine, columnLengths } from "./affine.ts";
import { type StoredVoxels, VoxelCollector } from "./convert.ts";
import type { Datatype, Voxels } from "./datatype.ts";
import { gunzip, gunzipMember, isGzip, LARGEST_GZIP_RATIO } from "./gzip.ts";
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
export interface NiftiVolume extends StoredVoxels {
  /** [i, j, k] in the file's order: voxel (i, j, k) is stored[i + shape[0] * (j + shape[1] * k)]. */
  readonly shape: readonly [number, number, number];
  /**
   * As the file stores them: its datatype; int64 and uint64 as float64, which rounds what is over 2^53. `voxelValues` makes numbers of
   * all of them, `extractSlice` of one slice.
   */
  readonly stored: Voxels;
  /** The number of a voxel is slope * stored + inter; 1 and 0 where the file states no scaling. */
  readonly slope: number;
  readonly inter: number;
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

/** Other work of the same thread, as the drawing of a page, gets its turn after so many inflated bytes. */
const BYTES_BETWEEN_PAUSES = 1 << 24;

/**
 * Reads a NIfTI-1 or NIfTI-2 file (.nii or .nii.gz, either byte order, any real datatype). `name` begins each message.
 * Allocates the voxels as they are stored and little else, and no more of them than the file can hold. Throws FormatError if the file
 * does not hold what its header promises.
 */
export async function readNifti(
  given: Uint8Array | ArrayBuffer,
  name: string,
  options: NiftiReadOptions = {},
): Promise<NiftiVolume> {
  checkOptions("readNifti", options, { volume: numeric });
  const bytes = bytesOf("readNifti", given);
  const chunks = isGzip(bytes) ? inflate(bytes, name) : undefined;
  const start = chunks ? takeStart(chunks) : bytes;
  const header = readHeader(start, name);
  const { shape, volumes } = readDims(header, name);
  const datatype = readDatatype(header, name);
  const affine = readAffine(header, name);
  const scaling = readScaling(header, name);
  const volume = chooseVolume(volumes, options.volume, name);
  const voxels = shape[0] * shape[1] * shape[2];
  const [first, end] = readExtent(header, voxels * volumes, datatype.bytes, name);
  const cut = (length: number) =>
    cutShort(name, length, end, `${describe(shape, volumes, datatype)} from byte ${first}`);
  if (chunks) requirePossible(end, bytes.length, name);
  else if (bytes.length < end) throw cut(bytes.length);
  const from = first + volume * voxels * datatype.bytes;
  const collector = new VoxelCollector(voxels, from, datatype, header.littleEndian, name);
  if (!chunks || !(await takeMember(bytes, collector, end))) {
    collector.restart(from);
    collector.take(start);
    const length = chunks ? await takeRest(start.length, chunks, collector, end, name) : bytes.length;
    if (length < end) throw cut(length);
  }
  const stored = collector.finish();
  return { shape, stored, ...scaling, affine, spacingMm: columnLengths(affine), datatype: datatype.name, header };
}

/** How much of a file `readNiftiGeometry` wants to see: what is compressed has to be inflated a little way. */
export const niftiStartBytes = 65536;

/**
 * Reads where a file's voxels lie and the bytes of one, and none of them. `start` is the file's first `niftiStartBytes`, or all of it, and
 * `fileBytes` how long it is. Throws FormatError for a header that `readNifti` would refuse.
 */
export async function readNiftiGeometry(
  start: Uint8Array,
  name: string,
  fileBytes: number,
): Promise<SlicedGeometry & { readonly voxelBytes: number }> {
  const isCompressed = isGzip(start);
  const header = readHeader(isCompressed ? takeStart(inflate(start, name)) : start, name);
  const { shape, volumes } = readDims(header, name);
  const datatype = readDatatype(header, name);
  chooseVolume(volumes, undefined, name);
  const [first, end] = readExtent(header, shape[0] * shape[1] * shape[2], datatype.bytes, name);
  if (isCompressed) requirePossible(end, fileBytes, name);
  else if (fileBytes < end)
    throw cutShort(name, fileBytes, end, `${describe(shape, volumes, datatype)} from byte ${first}`);
  return { shape, affine: readAffine(header, name), voxelBytes: datatype.bytes };
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

/** The chunks of a compressed file; whatever is wrong with it becomes one message. */
function* inflate(bytes: Uint8Array, name: string): Generator<Uint8Array, void, undefined> {
  let inflated = 0;
  try {
    for (const chunk of gunzip(bytes)) {
      inflated += chunk.length;
      yield chunk;
    }
  } catch (cause) {
    throw new FormatError(
      `${name}: bad gzip data, got an error after ${inflated} inflated bytes, expected complete gzip members`,
      { cause },
    );
  }
}

/** Reads chunks until they hold a header of either version, or end. */
function takeStart(chunks: Generator<Uint8Array, void, undefined>): Uint8Array {
  const parts: Uint8Array[] = [];
  let length = 0;
  while (length < LONGEST_HEADER_BYTES) {
    const { done, value } = chunks.next();
    if (done) break;
    parts.push(value);
    length += value.length;
  }
  return concatenate(parts);
}

/**
 * Gives a file of one member to the collector, by the platform's own inflater, which is several times as fast. False where the file
 * is anything else, damaged or not: then the chunks of `inflate` say what.
 */
async function takeMember(bytes: Uint8Array, collector: VoxelCollector, end: number): Promise<boolean> {
  let length = 0;
  const isWhole = await gunzipMember(bytes, (chunk) => {
    collector.take(chunk);
    length += chunk.length;
    return length <= end + SLACK_BYTES;
  });
  return isWhole && length >= end;
}

/**
 * Gives what is left of a compressed file to the collector; the result is how long all of it is. It is read to its end, so that
 * its checksums are verified, but no further than SLACK_BYTES beyond `end`.
 */
async function takeRest(
  started: number,
  chunks: Generator<Uint8Array, void, undefined>,
  collector: VoxelCollector,
  end: number,
  name: string,
): Promise<number> {
  let length = started;
  let paused = started;
  requireSoonEnd(length, end, name);
  for (const chunk of chunks) {
    collector.take(chunk);
    length += chunk.length;
    requireSoonEnd(length, end, name);
    if (length - paused < BYTES_BETWEEN_PAUSES) continue;
    paused = length;
    await new Promise((resume) => setTimeout(resume));
  }
  return length;
}

function requireSoonEnd(length: number, end: number, name: string): void {
  const most = end + SLACK_BYTES;
  if (length <= most) return;
  throw new FormatError(
    `${name}: data goes on behind the last voxel, got over ${most} inflated bytes, expected ${end}`,
  );
}

function requirePossible(end: number, compressedBytes: number, name: string): void {
  const most = compressedBytes * LARGEST_GZIP_RATIO;
  if (end <= most) return;
  throw new FormatError(
    `${name}: header promises more than the file can hold, got ${compressedBytes} compressed bytes (at most ${most} inflated), expected ${end}`,
  );
}
