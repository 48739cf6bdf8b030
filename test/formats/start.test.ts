// Sizes and geometry from the beginnings of files.
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { FormatError } from "../../src/errors.ts";
import { niftiStartBytes, readNifti, readNiftiGeometry, writeNifti } from "../../src/formats/nifti/index.ts";
import { pngStartBytes, readPngSize, writePng } from "../../src/formats/png/index.ts";
import { createRandom } from "../support/random.ts";
import { niftiFile } from "./nifti/file.ts";

const affine = [
  [0, 2, 0, -10],
  [-3, 0, 0, 20],
  [0, 0, 4, 5],
  [0, 0, 0, 1],
];

test.each([true, false])("the geometry of a volume from the beginning of its file, compressed: %s", async (gzip) => {
  const random = createRandom(3);
  const shape = [40, 70, 50] as const;
  // Noise, so that the compressed file is longer than its beginning too.
  const data = Float32Array.from({ length: 40 * 70 * 50 }, random);
  const file = await writeNifti({ shape, data, like: { affine } }, { gzip });
  expect(file.length).toBeGreaterThan(2 * niftiStartBytes);
  const geometry = await readNiftiGeometry(file.subarray(0, niftiStartBytes), "a.nii", file.length);
  const volume = await readNifti(file, "a.nii");
  expect(geometry).toEqual({ shape: volume.shape, affine: volume.affine, voxelBytes: 4 });
  expect(geometry.affine).toEqual(affine);
});

test("headers that the reader refuses are refused", async () => {
  await expect(readNiftiGeometry(new Uint8Array(10), "a.nii", 10)).rejects.toThrow(
    "a.nii: too short for a NIfTI header, got 10 bytes, expected at least 348",
  );
  const several = niftiFile({ dims: [4, 2, 2, 2, 3, 1, 1, 1] });
  await expect(readNiftiGeometry(several, "a.nii", several.length)).rejects.toThrow("a.nii: 4-D file, got 3 volumes");
});

test("headers that promise more than the file holds are refused", async () => {
  const whole = niftiFile({ dims: [3, 4, 3, 2, 1, 1, 1, 1] });
  await expect(readNiftiGeometry(whole, "a.nii", whole.length - 1)).rejects.toThrow(
    new FormatError("a.nii: data is cut short, got 399 bytes, expected 400 (4 x 3 x 2 int16 from byte 352)"),
  );
  const huge = gzipSync(niftiFile({ version: 2, dims: [3, 2 ** 30, 2 ** 20, 1, 1, 1, 1, 1] }));
  await expect(readNiftiGeometry(huge, "a.nii", huge.length)).rejects.toThrow(
    /^a\.nii: header promises more than the file can hold, got \d+ compressed bytes/,
  );
});

test("the size of a picture from the beginning of its file", () => {
  const file = writePng({ width: 300, height: 2, channels: 1, data: new Uint8Array(600) });
  expect(readPngSize(file.subarray(0, pngStartBytes), "a.png")).toMatchObject({ width: 300, height: 2 });
  const notPng = new FormatError("a.png: not a PNG file");
  expect(() => readPngSize(file.subarray(0, pngStartBytes - 1), "a.png")).toThrow(notPng);
  expect(() => readPngSize(file.subarray(1), "a.png")).toThrow(notPng);
});
