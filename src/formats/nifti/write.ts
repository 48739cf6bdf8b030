import { ShapeError } from "../../errors.ts";
import { checkOptions, flag } from "../../options.ts";
import { type Affine, columnLengths, quaternionFromAffine } from "./affine.ts";
import { DATATYPES, type Voxels } from "./datatype.ts";
import { gzip } from "./gzip.ts";
import { encodeHeader, FIRST_DATA_BYTE, type NiftiHeader } from "./header.ts";

/** Where a volume lies in the world: that of another volume, or an affine of one's own (see `Affine`). */
export type Geometry = { readonly header: NiftiHeader } | { readonly affine: Affine };

export interface NiftiOutput {
  /** [i, j, k]; data[i + shape[0] * (j + shape[1] * k)]. */
  readonly shape: readonly [number, number, number];
  readonly data: Voxels;
  /**
   * A volume that was read gives its version, sform, qform, pixdim and units, unchanged. An affine is written as
   * sform and, where its axes are orthogonal, as qform, both with code 1 (scanner).
   */
  readonly like: Geometry;
}

/**
 * Encodes a volume as a single-file NIfTI, little-endian, unscaled (slope 1, intercept 0).
 * Throws ShapeError if the data's length is not the product of the shape, or if the shape is not that of `like`.
 */
export async function writeNifti(
  volume: NiftiOutput,
  options: { readonly gzip: boolean },
): Promise<Uint8Array<ArrayBuffer>> {
  checkOptions("writeNifti", options, { gzip: flag });
  const { shape, data, like } = volume;
  const voxels = shape[0] * shape[1] * shape[2];
  if (shape.some((length) => !Number.isInteger(length) || length < 1)) {
    throw new ShapeError(`writeNifti: bad shape, got [${shape.join(", ")}], expected three lengths of 1 or more`);
  }
  if (data.length !== voxels) {
    throw new ShapeError(`writeNifti: bad data, got ${data.length} voxels, expected ${voxels} (${shape.join(" x ")})`);
  }
  const geometry = "header" in like ? geometryOfHeader(like.header, shape) : geometryOfAffine(like.affine, shape);
  const datatype = DATATYPES.find((entry) => entry.array === data.constructor)!;
  const header = encodeHeader({
    ...geometry,
    littleEndian: true,
    dim: [3, ...shape, 1, 1, 1, 1],
    datatype: datatype.code,
    bitpix: datatype.bytes * 8,
    voxOffset: FIRST_DATA_BYTE[geometry.version],
    slope: 1,
    inter: 0,
  });
  // Typed arrays are little-endian on every platform that has WebGPU.
  const payload = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (options.gzip) return gzip(header, payload);
  const bytes = new Uint8Array(header.length + payload.length);
  bytes.set(header);
  bytes.set(payload, header.length);
  return bytes;
}

type HeaderGeometry = Pick<
  NiftiHeader,
  "version" | "pixdim" | "xyztUnits" | "dimInfo" | "qformCode" | "sformCode" | "quaternion" | "qoffset" | "srow"
>;

function geometryOfHeader(header: NiftiHeader, shape: readonly number[]): HeaderGeometry {
  const source = [1, 2, 3].map((n) => (n <= header.dim[0]! ? header.dim[n]! : 1));
  if (source.some((length, axis) => length !== shape[axis])) {
    throw new ShapeError(
      `writeNifti: shape differs from the volume it is written like, got [${shape.join(", ")}], expected [${source.join(", ")}]`,
    );
  }
  return { ...header, pixdim: [...header.pixdim.slice(0, 4), 0, 0, 0, 0] };
}

function geometryOfAffine(affine: Affine, shape: readonly number[]): HeaderGeometry {
  const qform = quaternionFromAffine(affine);
  return {
    version: shape.some((length) => length > 32767) ? 2 : 1,
    pixdim: [qform?.qfac ?? 1, ...columnLengths(affine), 0, 0, 0, 0],
    xyztUnits: 2, // millimetres
    dimInfo: 0,
    qformCode: qform ? 1 : 0,
    sformCode: 1,
    quaternion: qform?.quaternion ?? [0, 0, 0],
    qoffset: qform?.offset ?? [0, 0, 0],
    srow: affine.slice(0, 3).flat(),
  };
}
