// The header of NIfTI-1 and NIfTI-2: one table of fields and offsets, used to read and to write.
// Nothing here judges the values; `validate.ts` does. Sources:
// https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h and https://nifti.nimh.nih.gov/pub/dist/doc/nifti2.h

/** What a reader or writer needs of a header; names follow nifti1.h. Lengths in the file's own spatial unit. */
export interface NiftiHeader {
  readonly version: 1 | 2;
  readonly littleEndian: boolean;
  /** dim[0] is the number of axes, dim[1..7] their lengths. */
  readonly dim: readonly number[];
  readonly datatype: number;
  readonly bitpix: number;
  /** pixdim[0] is qfac (-1 or 1), pixdim[1..3] the voxel's size. */
  readonly pixdim: readonly number[];
  readonly voxOffset: number;
  readonly slope: number;
  readonly inter: number;
  readonly xyztUnits: number;
  readonly dimInfo: number;
  readonly qformCode: number;
  readonly sformCode: number;
  /** b, c, d of the unit quaternion (a is implied). */
  readonly quaternion: readonly number[];
  readonly qoffset: readonly number[];
  /** srow_x, srow_y, srow_z: three rows of four. */
  readonly srow: readonly number[];
}

export const HEADER_BYTES = { 1: 348, 2: 540 } as const;
/** A single file's data starts after the header and the four bytes that announce extensions. */
export const FIRST_DATA_BYTE = { 1: 352, 2: 544 } as const;
/** Where the magic string is, and what it is in a single file and in a .hdr/.img pair. */
export const MAGIC = {
  1: { offset: 344, single: "n+1\0", pair: "ni1\0" },
  2: { offset: 4, single: "n+2\0\r\n\x1a\n", pair: "ni2\0\r\n\x1a\n" },
} as const;

type Kind = "u8" | "i16" | "i32" | "i64" | "f32" | "f64";
type FieldName = Exclude<keyof NiftiHeader, "version" | "littleEndian">;
type Field = readonly [kind: Kind, offset: number];

/** How many numbers each field holds; 0 stands for a single number. */
const COUNT: Record<FieldName, number> = {
  dim: 8,
  datatype: 0,
  bitpix: 0,
  pixdim: 8,
  voxOffset: 0,
  slope: 0,
  inter: 0,
  xyztUnits: 0,
  dimInfo: 0,
  qformCode: 0,
  sformCode: 0,
  quaternion: 3,
  qoffset: 3,
  srow: 12,
};

const LAYOUT: Record<1 | 2, Record<FieldName, Field>> = {
  1: {
    dimInfo: ["u8", 39],
    dim: ["i16", 40],
    datatype: ["i16", 70],
    bitpix: ["i16", 72],
    pixdim: ["f32", 76],
    voxOffset: ["f32", 108],
    slope: ["f32", 112],
    inter: ["f32", 116],
    xyztUnits: ["u8", 123],
    qformCode: ["i16", 252],
    sformCode: ["i16", 254],
    quaternion: ["f32", 256],
    qoffset: ["f32", 268],
    srow: ["f32", 280],
  },
  2: {
    datatype: ["i16", 12],
    bitpix: ["i16", 14],
    dim: ["i64", 16],
    pixdim: ["f64", 104],
    voxOffset: ["i64", 168],
    slope: ["f64", 176],
    inter: ["f64", 184],
    qformCode: ["i32", 344],
    sformCode: ["i32", 348],
    quaternion: ["f64", 352],
    qoffset: ["f64", 376],
    srow: ["f64", 400],
    xyztUnits: ["i32", 500],
    dimInfo: ["u8", 524],
  },
};

interface KindAccess {
  readonly bytes: number;
  readonly read: (view: DataView, offset: number, littleEndian: boolean) => number;
  readonly write: (view: DataView, offset: number, value: number, littleEndian: boolean) => void;
}

const KINDS: Record<Kind, KindAccess> = {
  u8: { bytes: 1, read: (v, o) => v.getUint8(o), write: (v, o, x) => v.setUint8(o, x) },
  i16: { bytes: 2, read: (v, o, le) => v.getInt16(o, le), write: (v, o, x, le) => v.setInt16(o, x, le) },
  i32: { bytes: 4, read: (v, o, le) => v.getInt32(o, le), write: (v, o, x, le) => v.setInt32(o, x, le) },
  i64: {
    bytes: 8,
    read: (v, o, le) => Number(v.getBigInt64(o, le)),
    write: (v, o, x, le) => v.setBigInt64(o, BigInt(x), le),
  },
  f32: { bytes: 4, read: (v, o, le) => v.getFloat32(o, le), write: (v, o, x, le) => v.setFloat32(o, x, le) },
  f64: { bytes: 8, read: (v, o, le) => v.getFloat64(o, le), write: (v, o, x, le) => v.setFloat64(o, x, le) },
};

/** Reads the header's fields. `bytes` holds at least HEADER_BYTES[version]. */
export function decodeHeader(bytes: Uint8Array, version: 1 | 2, littleEndian: boolean): NiftiHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const layout = LAYOUT[version];
  const many = (name: FieldName): number[] => {
    const [kind, offset] = layout[name];
    const { bytes: width, read } = KINDS[kind];
    return Array.from({ length: COUNT[name] || 1 }, (_, n) => read(view, offset + n * width, littleEndian));
  };
  const one = (name: FieldName): number => many(name)[0]!;
  return {
    version,
    littleEndian,
    dim: many("dim"),
    datatype: one("datatype"),
    bitpix: one("bitpix"),
    pixdim: many("pixdim"),
    voxOffset: one("voxOffset"),
    slope: one("slope"),
    inter: one("inter"),
    xyztUnits: one("xyztUnits"),
    dimInfo: one("dimInfo"),
    qformCode: one("qformCode"),
    sformCode: one("sformCode"),
    quaternion: many("quaternion"),
    qoffset: many("qoffset"),
    srow: many("srow"),
  };
}

/** Writes the header of a single file, without extensions: FIRST_DATA_BYTE[version] bytes. */
export function encodeHeader(header: NiftiHeader): Uint8Array<ArrayBuffer> {
  const { version, littleEndian } = header;
  const bytes = new Uint8Array(FIRST_DATA_BYTE[version]);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, HEADER_BYTES[version], littleEndian);
  const { offset: magicOffset, single } = MAGIC[version];
  for (let n = 0; n < single.length; n++) bytes[magicOffset + n] = single.charCodeAt(n);
  for (const name of Object.keys(COUNT) as FieldName[]) {
    const [kind, offset] = LAYOUT[version][name];
    const { bytes: width, write } = KINDS[kind];
    const value = header[name];
    const values = typeof value === "number" ? [value] : value;
    values.forEach((number, n) => {
      write(view, offset + n * width, number, littleEndian);
    });
  }
  return bytes;
}
