// NIfTI files for tests, their headers encoded by nifti-reader-js, so that the reader is not tested against itself.

import { NIFTI1, NIFTI2 } from "nifti-reader-js";

export interface TestFile {
  readonly version?: 1 | 2;
  readonly littleEndian?: boolean;
  /** dim[0..7]; by default three axes of 4, 3, 2. */
  readonly dims?: readonly number[];
  readonly datatype?: number;
  readonly bitpix?: number;
  readonly values?: readonly (number | bigint)[];
  readonly pixDims?: readonly number[];
  readonly voxOffset?: number;
  readonly slope?: number;
  readonly inter?: number;
  readonly units?: number;
  readonly magic?: string;
  readonly qform?: {
    readonly code: number;
    readonly quaternion: readonly number[];
    readonly offset: readonly number[];
  };
  readonly sform?: { readonly code: number; readonly rows: readonly (readonly number[])[] };
}

type Setter = (view: DataView, offset: number, value: number | bigint, littleEndian: boolean) => void;

/** code -> [bytes, how a value is written]. */
export const TYPES: Readonly<Record<number, readonly [bytes: number, set: Setter]>> = {
  2: [1, (view, offset, value) => view.setUint8(offset, Number(value))],
  4: [2, (view, offset, value, little) => view.setInt16(offset, Number(value), little)],
  8: [4, (view, offset, value, little) => view.setInt32(offset, Number(value), little)],
  16: [4, (view, offset, value, little) => view.setFloat32(offset, Number(value), little)],
  64: [8, (view, offset, value, little) => view.setFloat64(offset, Number(value), little)],
  256: [1, (view, offset, value) => view.setInt8(offset, Number(value))],
  512: [2, (view, offset, value, little) => view.setUint16(offset, Number(value), little)],
  768: [4, (view, offset, value, little) => view.setUint32(offset, Number(value), little)],
  1024: [8, (view, offset, value, little) => view.setBigInt64(offset, BigInt(value), little)],
  1280: [8, (view, offset, value, little) => view.setBigUint64(offset, BigInt(value), little)],
};

export function niftiFile(file: TestFile = {}): Uint8Array<ArrayBuffer> {
  const version = file.version ?? 1;
  const littleEndian = file.littleEndian ?? true;
  const datatype = file.datatype ?? 4;
  const [bytes, set] = TYPES[datatype] ?? [2, TYPES[4]![1]];
  const header = version === 1 ? new NIFTI1() : new NIFTI2();
  const first = version === 1 ? 352 : 544;
  header.littleEndian = littleEndian;
  header.dims = [...(file.dims ?? [3, 4, 3, 2, 1, 1, 1, 1])];
  header.datatypeCode = datatype;
  header.numBitsPerVoxel = file.bitpix ?? bytes * 8;
  header.pixDims = [...(file.pixDims ?? [1, 2, 3, 4, 0, 0, 0, 0])];
  header.vox_offset = file.voxOffset ?? first;
  header.scl_slope = file.slope ?? 1;
  header.scl_inter = file.inter ?? 0;
  header.xyzt_units = file.units ?? 2;
  header.magic = file.magic ?? (version === 1 ? "n+1" : "n+2\0\r\n\x1a\n");
  if (file.qform) {
    header.qform_code = file.qform.code;
    [header.quatern_b, header.quatern_c, header.quatern_d] = file.qform.quaternion as [number, number, number];
    [header.qoffset_x, header.qoffset_y, header.qoffset_z] = file.qform.offset as [number, number, number];
  }
  if (file.sform) {
    header.sform_code = file.sform.code;
    header.affine = [...file.sform.rows.map((row) => [...row]), [0, 0, 0, 1]];
  }
  const values = file.values ?? Array.from({ length: 24 }, (_, n) => n);
  const whole = new Uint8Array(first + values.length * bytes);
  whole.set(new Uint8Array(header.toArrayBuffer()).subarray(0, first));
  const view = new DataView(whole.buffer);
  values.forEach((value, n) => {
    set(view, first + n * bytes, value, littleEndian);
  });
  return whole;
}
