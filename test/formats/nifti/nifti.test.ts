import { gzipSync } from "node:zlib";
import { NIFTI1, readHeader, readImage } from "nifti-reader-js";
import { describe, expect, test } from "vitest";
import { columnLengths, quaternionFromAffine } from "../../../src/formats/nifti/affine.ts";
import { readNifti, voxelValues, writeNifti } from "../../../src/formats/nifti/index.ts";
import { niftiFile, TYPES } from "./file.ts";

const OBLIQUE = [
  [0.1, -0.2, -3.9, 12],
  [-0.98, 0.05, -0.4, -70.5],
  [-0.06, -0.97, 0.3, 33.25],
];
const RANGES: Readonly<Record<number, readonly (number | bigint)[]>> = {
  2: [0, 1, 255],
  4: [-32768, 0, 32767],
  8: [-2147483648, -1, 2147483647],
  16: [-1.5, 0.1, 3e38],
  64: [-1.5, 0.1, 1e30],
  256: [-128, 0, 127],
  512: [0, 1, 65535],
  768: [0, 1, 4294967295],
  1024: [-(2n ** 40n), -1n, 2n ** 62n],
  1280: [0n, 1n, 2n ** 64n - 1n],
};

describe("reading", () => {
  for (const code of Object.keys(TYPES).map(Number)) {
    for (const version of [1, 2] as const) {
      for (const littleEndian of [true, false]) {
        test(`datatype ${code}, NIfTI-${version}, ${littleEndian ? "little" : "big"}-endian, plain and compressed`, async () => {
          const values = RANGES[code]!;
          const file = niftiFile({
            version,
            littleEndian,
            datatype: code,
            dims: [3, 3, 1, 1, 1, 1, 1, 1],
            values,
            sform: { code: 1, rows: OBLIQUE },
          });
          for (const bytes of [file, new Uint8Array(gzipSync(file))]) {
            const volume = await readNifti(bytes, "a.nii");
            expect(volume.shape).toEqual([3, 1, 1]);
            expect([...voxelValues(volume)]).toEqual(values.map((value) => Math.fround(Number(value))));
            volume.affine.flat().forEach((value, n) => {
              expect(value).toBeCloseTo([...OBLIQUE.flat(), 0, 0, 0, 1][n]!, 5);
            });
          }
        });
      }
    }
  }

  test("scales by slope and intercept, in float64 before rounding", async () => {
    const file = niftiFile({ slope: 0.5, inter: -1000, dims: [3, 3, 1, 1, 1, 1, 1, 1], values: [0, 1, 30000] });
    expect([...voxelValues(await readNifti(file, "a.nii"))]).toEqual([-1000, -999.5, 14000]);
  });

  test.each([0, Number.NaN, Number.POSITIVE_INFINITY])("a slope of %d means no scaling", async (slope) => {
    const file = niftiFile({ slope, inter: 7, dims: [3, 3, 1, 1, 1, 1, 1, 1], values: [1, 2, 3] });
    expect([...voxelValues(await readNifti(file, "a.nii"))]).toEqual([1, 2, 3]);
  });

  test("takes the volume asked for from a 4-D file", async () => {
    const file = niftiFile({ dims: [4, 2, 1, 1, 3, 1, 1, 1], values: [1, 2, 3, 4, 5, 6] });
    expect([...voxelValues(await readNifti(file, "a.nii", { volume: 1 }))]).toEqual([3, 4]);
  });

  test("a 4-D file of one volume and a 2-D image need no index", async () => {
    const one = niftiFile({ dims: [4, 4, 3, 2, 1, 1, 1, 1] });
    expect((await readNifti(one, "a.nii")).shape).toEqual([4, 3, 2]);
    const flat = niftiFile({ dims: [2, 6, 4, 9, 9, 9, 9, 9], pixDims: [1, 2, 3, 0, 0, 0, 0, 0] });
    expect((await readNifti(flat, "a.nii")).shape).toEqual([6, 4, 1]);
  });

  test.each([1, 2] as const)("the sform goes before the qform, and that before the size, NIfTI-%d", async (version) => {
    const qform = { code: 2, quaternion: [0.5, 0.5, 0.5], offset: [5, 6, 7] };
    const both = await readNifti(niftiFile({ version, qform, sform: { code: 1, rows: OBLIQUE } }), "a.nii");
    expect(both.affine[0]![3]).toBe(12);
    const turned = await readNifti(niftiFile({ version, qform }), "a.nii");
    expect(turned.affine).toEqual([
      [0, 0, 4, 5],
      [2, 0, 0, 6],
      [0, 3, 0, 7],
      [0, 0, 0, 1],
    ]);
    const neither = await readNifti(niftiFile({ version }), "a.nii");
    expect(neither.affine.map((row) => row.slice(0, 3))).toEqual([
      [2, 0, 0],
      [0, 3, 0],
      [0, 0, 4],
      [0, 0, 0],
    ]);
  });

  test("a negative qfac turns the third axis round; any other qfac does not", async () => {
    const qform = { code: 1, quaternion: [0, 0, 0], offset: [0, 0, 0] };
    for (const [qfac, sign] of [
      [-1, -1],
      [0, 1],
      [1, 1],
    ] as const) {
      const volume = await readNifti(niftiFile({ qform, pixDims: [qfac, 2, 3, 4, 0, 0, 0, 0] }), "a.nii");
      expect(volume.affine[2]![2]).toBe(4 * sign);
    }
  });

  test.each([1, 2] as const)("lengths in metres and micrometres become mm, NIfTI-%d", async (version) => {
    const spacing = async (units: number) => (await readNifti(niftiFile({ version, units }), "a.nii")).spacingMm;
    expect(await spacing(1)).toEqual([2000, 3000, 4000]);
    expect((await spacing(3))[0]).toBeCloseTo(0.002);
    expect(await spacing(0)).toEqual([2, 3, 4]);
    // Seconds, in the same byte, change nothing.
    expect(await spacing(8 + 2)).toEqual([2, 3, 4]);
  });

  test("skips extensions and takes bytes from anywhere in a larger buffer", async () => {
    const plain = niftiFile({ voxOffset: 384 });
    const file = new Uint8Array(plain.length + 32 + 1);
    file.set(plain.subarray(0, 352), 1);
    file.set([1, 0, 0, 0], 349);
    file.set(plain.subarray(352), 385);
    expect([...voxelValues(await readNifti(file.subarray(1), "a.nii"))]).toEqual(
      Array.from({ length: 24 }, (_, n) => n),
    );
  });
});

describe("writing", () => {
  const shape = [4, 3, 2] as const;
  const affine = [...OBLIQUE, [0, 0, 0, 1]];

  test.each([
    ["Uint8Array", Uint8Array],
    ["Int8Array", Int8Array],
    ["Uint16Array", Uint16Array],
    ["Int16Array", Int16Array],
    ["Uint32Array", Uint32Array],
    ["Int32Array", Int32Array],
    ["Float32Array", Float32Array],
    ["Float64Array", Float64Array],
  ] as const)("%s comes back as it was, plain and compressed", async (_, array) => {
    const data = new array(24).map((_, n) => n * 5);
    for (const gzip of [false, true]) {
      const volume = await readNifti(await writeNifti({ shape, data, like: { affine } }, { gzip }), "a.nii");
      expect(volume.shape).toEqual(shape);
      expect([...voxelValues(volume)]).toEqual([...data]);
      expect(volume.datatype).toBe(array.name.replace("Array", "").toLowerCase());
    }
  });

  test("nifti-reader-js reads what was written", async () => {
    const data = Int16Array.from({ length: 24 }, (_, n) => n - 12);
    const bytes = await writeNifti({ shape, data, like: { affine } }, { gzip: false });
    const header = readHeader(bytes.buffer);
    if (!(header instanceof NIFTI1)) throw new Error("expected NIfTI-1");
    expect(header.dims.slice(0, 4)).toEqual([3, 4, 3, 2]);
    expect([...new Int16Array(readImage(header, bytes.buffer))]).toEqual([...data]);
    header.affine.flat().forEach((value, n) => {
      expect(value).toBeCloseTo(affine.flat()[n]!, 4);
    });
  });

  test("a mask keeps the sform, qform, voxel size, units and version of its source, bit for bit", async () => {
    for (const version of [1, 2] as const) {
      const source = niftiFile({
        version,
        littleEndian: false,
        datatype: 16,
        slope: 2,
        inter: 3,
        units: 10,
        pixDims: [-1, 0.7, 0.8, 4.4, 2, 0, 0, 0],
        qform: { code: 1, quaternion: [0.1, -0.7, 0.7], offset: [-11.1, 22.2, 33.3] },
        sform: { code: 2, rows: OBLIQUE },
      });
      const volume = await readNifti(source, "a.nii");
      const bytes = await writeNifti({ shape, data: new Uint8Array(24).fill(1), like: volume }, { gzip: true });
      const mask = await readNifti(bytes, "mask.nii.gz");
      expect(mask.affine).toEqual(volume.affine);
      expect([...mask.stored]).toEqual(Array(24).fill(1));
      for (const field of [
        "version",
        "xyztUnits",
        "qformCode",
        "sformCode",
        "quaternion",
        "qoffset",
        "srow",
      ] as const) {
        expect(mask.header[field], field).toEqual(volume.header[field]);
      }
      expect(mask.header.pixdim.slice(0, 4)).toEqual(volume.header.pixdim.slice(0, 4));
    }
  });

  test("the qform written for an affine says the same as its sform, in each of the 48 orientations", async () => {
    const [s, c] = [Math.sin(0.1), Math.cos(0.1)];
    for (const order of [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ] as const) {
      for (let signs = 0; signs < 8; signs++) {
        const axes = order.map((world, axis) => {
          const column = [0, 0, 0];
          column[world] = (signs >> axis) & 1 ? -(axis + 1) : axis + 1;
          return [c * column[0]! - s * column[1]!, s * column[0]! + c * column[1]!, column[2]!];
        });
        const turned = [0, 1, 2].map((row) => [...axes.map((column) => column[row]!), row * 10]);
        const bytes = await writeNifti(
          { shape, data: new Uint8Array(24), like: { affine: [...turned, [0, 0, 0, 1]] } },
          { gzip: false },
        );
        const bySform = await readNifti(bytes, "a.nii");
        new DataView(bytes.buffer).setInt16(254, 0, true); // sform_code
        const byQform = await readNifti(bytes, "a.nii");
        byQform.affine.flat().forEach((value, n) => {
          expect(value).toBeCloseTo(bySform.affine.flat()[n]!, 5);
        });
      }
    }
  });

  test("a sheared affine is written as sform alone", async () => {
    const sheared = [
      [1, 0.2, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
    ];
    expect(quaternionFromAffine(sheared)).toBeUndefined();
    const volume = await readNifti(
      await writeNifti({ shape, data: new Uint8Array(24), like: { affine: sheared } }, { gzip: false }),
      "a.nii",
    );
    expect(volume.header.qformCode).toBe(0);
    expect(volume.spacingMm).toEqual(columnLengths(volume.affine));
  });

  test("an axis of more than 32767 voxels makes a NIfTI-2 file", async () => {
    const data = new Uint8Array(40000).fill(3);
    const bytes = await writeNifti({ shape: [40000, 1, 1], data, like: { affine } }, { gzip: true });
    const volume = await readNifti(bytes, "a.nii");
    expect(volume.header.version).toBe(2);
    expect(volume.shape).toEqual([40000, 1, 1]);
  });

  test("refuses shapes and data that do not fit", async () => {
    const like = await readNifti(niftiFile(), "a.nii");
    const write = (shape: readonly [number, number, number], length: number) =>
      writeNifti({ shape, data: new Uint8Array(length), like }, { gzip: false });
    await expect(write([4, 3, 2], 23)).rejects.toThrow("writeNifti: bad data, got 23 voxels, expected 24 (4 x 3 x 2)");
    await expect(write([2, 3, 4], 24)).rejects.toThrow(
      "writeNifti: shape differs from the volume it is written like, got [2, 3, 4], expected [4, 3, 2]",
    );
    await expect(write([0, 3, 4], 0)).rejects.toThrow(
      "writeNifti: bad shape, got [0, 3, 4], expected three lengths of 1 or more",
    );
  });
});
