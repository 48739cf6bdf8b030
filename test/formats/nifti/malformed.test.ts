import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../../src/errors.ts";
import { readNifti } from "../../../src/formats/nifti/index.ts";
import { createRandom } from "../../../weights/phantom/random.ts";
import { niftiFile, type TestFile } from "./file.ts";

const dims = (...lengths: number[]) => [...lengths, ...Array(8 - lengths.length).fill(1)];
const sform = (...rows: number[][]) => ({ sform: { code: 1, rows } });
const compressed = (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes));
const patched = (bytes: Uint8Array, offset: number, ...values: number[]) => {
  bytes.set(values, offset);
  return bytes;
};
const TYPES = "uint8, int16, int32, float32, float64, int8, uint16, uint32, int64, uint64";

/** What the header says, and the message it gets. */
const HEADERS: readonly (readonly [why: string, file: TestFile, message: string])[] = [
  ["no axes", { dims: dims(0) }, "bad dim[0] (number of axes), got 0, expected 1 to 7"],
  ["eight axes", { dims: dims(8, 2, 2, 2) }, "bad dim[0] (number of axes), got 8, expected 1 to 7"],
  [
    "negative number of axes",
    { version: 2, dims: dims(-3, 2, 2, 2) },
    "bad dim[0] (number of axes), got -3, expected 1 to 7",
  ],
  ["an empty axis", { dims: dims(3, 4, 0, 2) }, "bad dim[2], got 0, expected 1 or more"],
  ["a negative axis", { dims: dims(3, 4, 3, -2) }, "bad dim[3], got -2, expected 1 or more"],
  ["a negative axis, NIfTI-2", { version: 2, dims: dims(3, -4, 3, 2) }, "bad dim[1], got -4, expected 1 or more"],
  [
    "several values for each voxel",
    { dims: dims(5, 2, 2, 2, 1, 3) },
    "more than four axes, got dim[5] 3, expected 1 (several values for each voxel are not read)",
  ],
  ["several volumes", { dims: dims(4, 4, 3, 1, 2) }, "4-D file, got 2 volumes, expected 1 or the index of one of them"],
  [
    "more voxels than the file holds",
    { dims: dims(3, 30000, 30000, 30000) },
    "data is cut short, got 400 bytes, expected 54000000000352 (30000 x 30000 x 30000 int16 from byte 352)",
  ],
  [
    "more voxels than numbers count, NIfTI-2",
    { version: 2, dims: dims(3, 2 ** 60, 2 ** 60, 2 ** 60) },
    "data is cut short, got 592 bytes, expected 3.064991081731778e+54 (1152921504606847000 x 1152921504606847000 x 1152921504606847000 int16 from byte 544)",
  ],
  [
    "one voxel too many",
    { dims: dims(3, 5, 5, 1) },
    "data is cut short, got 400 bytes, expected 402 (5 x 5 x 1 int16 from byte 352)",
  ],
  ["complex numbers", { datatype: 32 }, `unsupported datatype, got 32 (complex64), expected one of ${TYPES}`],
  ["colours", { datatype: 128 }, `unsupported datatype, got 128 (RGB24), expected one of ${TYPES}`],
  ["colours and opacity", { datatype: 2304 }, `unsupported datatype, got 2304 (RGBA32), expected one of ${TYPES}`],
  ["no datatype", { datatype: 0 }, `unsupported datatype, got 0 (unknown), expected one of ${TYPES}`],
  ["a datatype that does not exist", { datatype: 77 }, `unsupported datatype, got 77, expected one of ${TYPES}`],
  ["bits that contradict the datatype", { bitpix: 8 }, "bitpix contradicts datatype int16, got 8, expected 16"],
  ["data inside the header", { voxOffset: 348 }, "bad vox_offset, got 348, expected a whole number of 352 or more"],
  ["data before the file", { voxOffset: -1 }, "bad vox_offset, got -1, expected a whole number of 352 or more"],
  ["data between bytes", { voxOffset: 352.5 }, "bad vox_offset, got 352.5, expected a whole number of 352 or more"],
  ["data at no byte", { voxOffset: Number.NaN }, "bad vox_offset, got NaN, expected a whole number of 352 or more"],
  [
    "data behind the file",
    { voxOffset: 2 ** 30 },
    "data is cut short, got 400 bytes, expected 1073741872 (4 x 3 x 2 int16 from byte 1073741824)",
  ],
  [
    "data inside the header, NIfTI-2",
    { version: 2, voxOffset: 352 },
    "bad vox_offset, got 352, expected a whole number of 544 or more",
  ],
  ["an intercept that is no number", { inter: Number.NaN }, "bad scl_inter, got NaN, expected a finite number"],
  [
    "an sform with NaN",
    sform([1, 0, 0, 0], [0, Number.NaN, 0, 0], [0, 0, 1, 0]),
    "bad sform, got [1, 0, 0, 0, 0, NaN, 0, 0, 0, 0, 1, 0], expected finite numbers",
  ],
  [
    "an sform that is flat",
    sform([1, 0, 1, 0], [0, 1, 0, 0], [1, 0, 1, 0]),
    "bad sform, got [1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0], expected three axes that span a volume",
  ],
  [
    "a quaternion that is too long",
    { qform: { code: 1, quaternion: [1, 1, 0], offset: [0, 0, 0] } },
    "bad qform, got quaternion [1, 1, 0], expected finite numbers whose squares sum to 1 or less",
  ],
  [
    "a quaternion with NaN",
    { qform: { code: 1, quaternion: [0, Number.NaN, 0], offset: [0, 0, 0] } },
    "bad qform, got quaternion [0, NaN, 0], expected finite numbers whose squares sum to 1 or less",
  ],
  [
    "a qform at no place",
    { qform: { code: 1, quaternion: [0, 0, 0], offset: [0, Number.POSITIVE_INFINITY, 0] } },
    "bad qform, got [2, 0, 0, 0, 0, 3, 0, Infinity, 0, 0, 4, 0], expected finite numbers",
  ],
  [
    "voxels without size",
    { pixDims: [1, 2, 0, 4, 0, 0, 0, 0] },
    "bad pixdim[2], got 0, expected a length of more than 0",
  ],
  [
    "voxels of no size",
    { pixDims: [1, Number.NaN, 3, 4, 0, 0, 0, 0] },
    "bad pixdim[1], got NaN, expected a length of more than 0",
  ],
  [
    "a unit that does not exist",
    { units: 6 },
    "bad xyzt_units, got spatial unit 6, expected 0 to 3 (unknown, m, mm, um)",
  ],
  [
    "the header of a pair",
    { magic: "ni1" },
    'header of a .hdr/.img pair, got magic "ni1", expected "n+1" of a single .nii file',
  ],
  ["ANALYZE 7.5, which has no magic", { magic: "" }, 'bad magic, got "", expected "n+1"'],
  ["other magic", { magic: "n\x01é" }, 'bad magic, got "n...", expected "n+1"'],
];

/** Whole files, and the message they get. */
const FILES: readonly (readonly [why: string, bytes: () => Uint8Array, message: string])[] = [
  ["an empty file", () => new Uint8Array(0), "too short for a NIfTI header, got 0 bytes, expected at least 348"],
  [
    "half a header",
    () => niftiFile().subarray(0, 200),
    "too short for a NIfTI header, got 200 bytes, expected at least 348",
  ],
  [
    "half a NIfTI-2 header",
    () => niftiFile({ version: 2 }).subarray(0, 400),
    "too short for a NIfTI-2 header, got 400 bytes, expected at least 540",
  ],
  [
    "a header alone",
    () => niftiFile().subarray(0, 352),
    "data is cut short, got 352 bytes, expected 400 (4 x 3 x 2 int16 from byte 352)",
  ],
  [
    "another format",
    () => patched(new Uint8Array(600), 0, 0x89, 0x50, 0x4e, 0x47),
    "not a NIfTI file, got header size 1196314761, expected 348 (NIfTI-1) or 540 (NIfTI-2) in either byte order",
  ],
  [
    "NIfTI-2 magic damaged by a text-mode copy",
    () => patched(niftiFile({ version: 2 }), 8, 0x0a, 0x0a),
    'bad magic, got "n+2", expected "n+2"',
  ],
  [
    "gzip of something else",
    () => compressed(new Uint8Array(600)),
    "not a NIfTI file, got header size 0, expected 348 (NIfTI-1) or 540 (NIfTI-2) in either byte order",
  ],
  [
    "gzip of half a header",
    () => compressed(niftiFile().subarray(0, 99)),
    "too short for a NIfTI header, got 99 bytes, expected at least 348",
  ],
  [
    "gzip of half the data",
    () => compressed(niftiFile().subarray(0, 380)),
    "data is cut short, got 380 bytes, expected 400 (4 x 3 x 2 int16 from byte 352)",
  ],
  [
    "gzip magic and nothing else",
    () => new Uint8Array([0x1f, 0x8b]),
    "bad gzip data, got an error after 0 inflated bytes, expected complete gzip members",
  ],
  [
    "a gzip file of another method",
    () => patched(compressed(niftiFile()), 2, 7),
    "bad gzip data, got an error after 0 inflated bytes, expected complete gzip members",
  ],
  [
    "a header that promises more than the gzip file can hold",
    () => new Uint8Array(gzipSync(niftiFile({ dims: dims(3, 20000, 20000, 4) }), { level: 0 })),
    "header promises more than the file can hold, got 423 compressed bytes (at most 436536 inflated), expected 3200000352",
  ],
  [
    "a gzip bomb behind an honest header",
    () => {
      const bomb = new Uint8Array(4 << 20);
      bomb.set(niftiFile());
      return compressed(bomb);
    },
    "data goes on behind the last voxel, got over 1048976 inflated bytes, expected 400",
  ],
];

describe("headers that lie", () => {
  test.each(HEADERS)("%s", async (_, file, message) => {
    const error = await readNifti(niftiFile(file), "scan.nii").catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(FormatError);
    expect((error as Error).message).toBe(`scan.nii: ${message}`);
  });
});

describe("files that are something else", () => {
  test.each(FILES)("%s", async (_, bytes, message) => {
    const error = await readNifti(bytes(), "scan.nii.gz").catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(FormatError);
    expect((error as Error).message).toBe(`scan.nii.gz: ${message}`);
  });

  test("damaged or cut gzip data, wherever it is damaged", async () => {
    const whole = compressed(niftiFile());
    const damaged = [
      ...[20, 60, whole.length - 9, whole.length - 1].map((length) => whole.slice(0, length)),
      ...[whole.length - 6, whole.length - 2].map((at) => patched(whole.slice(), at, whole[at]! ^ 1)),
    ];
    for (const bytes of damaged) {
      await expect(readNifti(bytes, "scan.nii.gz")).rejects.toThrow(
        /^scan\.nii\.gz: bad gzip data, got an error after \d+ inflated bytes, expected complete gzip members$/,
      );
    }
  });

  test("a volume that is not there", async () => {
    const file = niftiFile({ dims: dims(4, 4, 3, 1, 2) });
    for (const volume of [-1, 2, 0.5]) {
      await expect(readNifti(file, "scan.nii", { volume })).rejects.toThrow(
        `scan.nii: no such volume, got index ${volume}, expected 0 to 1`,
      );
    }
  });
});

test("random damage gives a volume or a FormatError, never anything else", async () => {
  const random = createRandom(1);
  let refused = 0;
  for (let round = 0; round < 600; round++) {
    const bytes = niftiFile({
      version: round % 2 ? 2 : 1,
      qform: { code: 1, quaternion: [0, 0, 0], offset: [0, 0, 0] },
    });
    for (let n = random.integer(1, 4); n > 0; n--) bytes[random.integer(0, 360)] = random.integer(0, 255);
    const file = round % 30 === 0 ? compressed(bytes) : bytes;
    await readNifti(file, "scan.nii").then(
      (volume) => expect(volume.stored.length).toBeLessThanOrEqual(bytes.length),
      (error: unknown) => {
        expect(error).toBeInstanceOf(FormatError);
        expect((error as Error).message).toMatch(/^scan\.nii: [^\n]+, got [^\n]+, expected [^\n]+$/);
        refused++;
      },
    );
  }
  expect(refused).toBeGreaterThan(100);
});
