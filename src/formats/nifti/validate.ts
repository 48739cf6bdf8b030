// Judges a header: what the reader goes on to trust has passed through here.

import { FormatError } from "../../errors.ts";
import { type Affine, affineFromQuaternion, determinant } from "./affine.ts";
import { DATATYPES, type Datatype, REFUSED_DATATYPES } from "./datatype.ts";
import { decodeHeader, FIRST_DATA_BYTE, HEADER_BYTES, MAGIC, type NiftiHeader } from "./header.ts";

/** Bytes that hold a header of either version. */
export const LONGEST_HEADER_BYTES = HEADER_BYTES[2];

/**
 * Reads and checks the header at the start of a file; `start` is the file or its first LONGEST_HEADER_BYTES bytes.
 * Throws FormatError if it is no NIfTI header, or the header of a .hdr/.img pair.
 */
export function readHeader(start: Uint8Array, name: string): NiftiHeader {
  if (start.length < HEADER_BYTES[1]) {
    throw new FormatError(
      `${name}: too short for a NIfTI header, got ${start.length} bytes, expected at least ${HEADER_BYTES[1]}`,
    );
  }
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const size = view.getInt32(0, true);
  const littleEndian = size === HEADER_BYTES[1] || size === HEADER_BYTES[2];
  const declared = littleEndian ? size : view.getInt32(0, false);
  if (declared !== HEADER_BYTES[1] && declared !== HEADER_BYTES[2]) {
    throw new FormatError(
      `${name}: not a NIfTI file, got header size ${size}, expected 348 (NIfTI-1) or 540 (NIfTI-2) in either byte order`,
    );
  }
  const version = declared === HEADER_BYTES[1] ? 1 : 2;
  if (start.length < HEADER_BYTES[version]) {
    throw new FormatError(
      `${name}: too short for a NIfTI-2 header, got ${start.length} bytes, expected at least ${HEADER_BYTES[2]}`,
    );
  }
  const { offset, single, pair } = MAGIC[version];
  const magic = String.fromCharCode(...start.subarray(offset, offset + single.length));
  if (magic === pair) {
    throw new FormatError(
      `${name}: header of a .hdr/.img pair, got magic ${quoteMagic(magic)}, expected ${quoteMagic(single)} of a single .nii file`,
    );
  }
  if (magic !== single) {
    throw new FormatError(`${name}: bad magic, got ${quoteMagic(magic)}, expected ${quoteMagic(single)}`);
  }
  return decodeHeader(start, version, littleEndian);
}

/** The first three axes and the number of volumes (dim[4]). Throws FormatError on lengths that make no volume. */
export function readDims(header: NiftiHeader, name: string): { shape: [number, number, number]; volumes: number } {
  const axes = header.dim[0]!;
  if (axes < 1 || axes > 7) {
    throw new FormatError(`${name}: bad dim[0] (number of axes), got ${axes}, expected 1 to 7`);
  }
  const length = (axis: number) => (axis <= axes ? header.dim[axis]! : 1);
  for (let axis = 1; axis <= axes; axis++) {
    if (length(axis) < 1) throw new FormatError(`${name}: bad dim[${axis}], got ${length(axis)}, expected 1 or more`);
    if (axis > 4 && length(axis) > 1) {
      throw new FormatError(
        `${name}: more than four axes, got dim[${axis}] ${length(axis)}, expected 1 (several values for each voxel are not read)`,
      );
    }
  }
  return { shape: [length(1), length(2), length(3)], volumes: length(4) };
}

/** Throws FormatError if the voxels are not real numbers of a known type, or `bitpix` contradicts the type. */
export function readDatatype(header: NiftiHeader, name: string): Datatype {
  const datatype = DATATYPES.find(({ code }) => code === header.datatype);
  if (!datatype) {
    const got = REFUSED_DATATYPES[header.datatype];
    throw new FormatError(
      `${name}: unsupported datatype, got ${header.datatype}${got ? ` (${got})` : ""}, expected one of ${DATATYPES.map((entry) => entry.name).join(", ")}`,
    );
  }
  if (header.bitpix !== datatype.bytes * 8) {
    throw new FormatError(
      `${name}: bitpix contradicts datatype ${datatype.name}, got ${header.bitpix}, expected ${datatype.bytes * 8}`,
    );
  }
  return datatype;
}

/** First and last + 1 byte of all voxels. Throws FormatError if the first is not behind the header. */
export function readExtent(header: NiftiHeader, voxels: number, bytesPerVoxel: number, name: string): [number, number] {
  const first = header.voxOffset;
  const least = FIRST_DATA_BYTE[header.version];
  if (!Number.isSafeInteger(first) || first < least) {
    throw new FormatError(`${name}: bad vox_offset, got ${first}, expected a whole number of ${least} or more`);
  }
  return [first, first + voxels * bytesPerVoxel];
}

/**
 * slope and intercept; as the standard says, a slope of 0 stands for no scaling, and so does one that is not a
 * number, which some programs write. Throws FormatError on an intercept that is not a number.
 */
export function readScaling(header: NiftiHeader, name: string): { slope: number; inter: number } {
  if (header.slope === 0 || !Number.isFinite(header.slope)) return { slope: 1, inter: 0 };
  if (!Number.isFinite(header.inter)) {
    throw new FormatError(`${name}: bad scl_inter, got ${header.inter}, expected a finite number`);
  }
  return { slope: header.slope, inter: header.inter };
}

/** Factor to mm of each spatial unit: unknown (taken as mm), metre, millimetre, micrometre. */
const MM: readonly number[] = [1, 1000, 1, 0.001];

/**
 * The affine in mm: the sform where there is one, else the qform, else the voxel's size alone (method 1 of the
 * standard, the axes taken as right, anterior, superior). Throws FormatError if it is not finite or not invertible.
 */
export function readAffine(header: NiftiHeader, name: string): Affine {
  const unit = header.xyztUnits & 7;
  const mm = MM[unit];
  if (mm === undefined) {
    throw new FormatError(`${name}: bad xyzt_units, got spatial unit ${unit}, expected 0 to 3 (unknown, m, mm, um)`);
  }
  const [source, affine] = sourceOfAffine(header, name);
  if (affine.flat().some((value) => !Number.isFinite(value))) {
    throw new FormatError(
      `${name}: bad ${source}, got [${affine.slice(0, 3).flat().join(", ")}], expected finite numbers`,
    );
  }
  if (!(Math.abs(determinant(affine)) > 1e-12)) {
    throw new FormatError(
      `${name}: bad ${source}, got [${affine.slice(0, 3).flat().join(", ")}], expected three axes that span a volume`,
    );
  }
  return affine.map((row, n) => (n < 3 ? row.map((value) => value * mm) : row));
}

function sourceOfAffine(header: NiftiHeader, name: string): [source: string, affine: Affine] {
  const { srow, quaternion, qoffset, pixdim } = header;
  if (header.sformCode > 0) {
    return ["sform", [srow.slice(0, 4), srow.slice(4, 8), srow.slice(8, 12), [0, 0, 0, 1]]];
  }
  const spacing = pixdim.slice(1, 4).map((length, n) => (n < header.dim[0]! ? length : length || 1));
  spacing.forEach((length, n) => {
    if (!(length > 0 && Number.isFinite(length))) {
      throw new FormatError(`${name}: bad pixdim[${n + 1}], got ${length}, expected a length of more than 0`);
    }
  });
  if (header.qformCode > 0) {
    const square = quaternion.reduce((sum, value) => sum + value * value, 0);
    if (!(square <= 1.001)) {
      throw new FormatError(
        `${name}: bad qform, got quaternion [${quaternion.join(", ")}], expected finite numbers whose squares sum to 1 or less`,
      );
    }
    return ["qform", affineFromQuaternion(quaternion, qoffset, spacing, pixdim[0]!)];
  }
  return ["pixdim", affineFromQuaternion([0, 0, 0], [0, 0, 0], spacing, 1)];
}

/** The text up to its first NUL, in quotes, anything unprintable as a dot. */
function quoteMagic(text: string): string {
  return `"${text.split("\0")[0]!.replace(/[^ -~]/g, ".")}"`;
}
