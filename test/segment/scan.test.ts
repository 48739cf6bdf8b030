// Scans and their labels, as `segment` measures them.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/errors.ts";
import { type Affine, type NiftiOutput, writeNifti } from "../../src/formats/nifti/index.ts";
import { writePng } from "../../src/formats/png/index.ts";
import { measureClasses } from "../../src/segment/measures.ts";
import { readScan, type Scan } from "../../src/segment/scan.ts";
import { mapTruth } from "../../src/segment/truth.ts";
import { scratchFolder } from "../support/scratch.ts";

const folder = scratchFolder();
const shape = [5, 4, 3] as const;
const names = ["background", "bone", "disc"];

async function volume(name: string, affine: Affine, data: NiftiOutput["data"]): Promise<string> {
  const path = join(folder, name);
  writeFileSync(path, await writeNifti({ shape, data, like: { affine } }, { gzip: false }));
  return path;
}

const straight = [
  [1, 0, 0, 0],
  [0, 2, 0, 0],
  [0, 0, 3, 0],
  [0, 0, 0, 1],
];
const grey = Float32Array.from({ length: 60 }, (_, n) => n);

const classMaps = ({ slices }: Scan, label: number) =>
  Array.from({ length: slices.length }, (_, n) => new Uint8Array(slices.at(n)!.length).fill(label));

describe("sizes", () => {
  test.each([
    ["straight", straight, 6],
    // Its columns are 1, 2 and sqrt(13) mm long; shear moves the slices but leaves their volume.
    ["sheared", [[1, 0, 2, 0], [0, 2, 0, 0], [0, 0, 3, 0], straight[3]!], 6],
    ["mirrored and oblique", [[0.6, -1.6, 0, 0], [0.8, 1.2, 0, 0], [0, 0, -3, 9], straight[3]!], 6],
  ])("a %s voxel has the volume of the affine's determinant", async (name, affine, mm3) => {
    const scan = await readScan(await volume(`${name}.nii`, affine, grey), { axis: "k" });
    const maps = classMaps(scan, 1);
    const [bone] = measureClasses(scan, names, maps, undefined);
    expect(bone!.pixels).toBe(60);
    expect(bone!.volumeMl).toBeCloseTo((60 * mm3) / 1000, 6);
    expect(bone!.areaMm2).toBeUndefined();
  });

  test("a picture has an area", async () => {
    const path = join(folder, "a.png");
    writeFileSync(
      path,
      writePng({ width: 4, height: 3, channels: 1, data: Uint8Array.from({ length: 12 }, (_, n) => n) }),
    );
    const scan = await readScan(path, { axis: "sagittal", spacing: 0.5 });
    expect(measureClasses(scan, names, [new Uint8Array(12).fill(2)], undefined)[1]).toMatchObject({ areaMm2: 3 });
  });
});

describe("a class that is nowhere", () => {
  test("has no DSC; one that is missed has DSC 0", async () => {
    const scan = await readScan(await volume("nowhere.nii", straight, grey), { axis: "k" });
    const empty = classMaps(scan, 0);
    const truth = empty.map((map, n) => (n === 0 ? map.slice().fill(1) : map));
    const measures = measureClasses(scan, names, empty, truth);
    expect(measures.map(({ dsc, truthPixels }) => [dsc, truthPixels])).toEqual([
      [0, 20],
      [undefined, 0],
    ]);
  });
});

describe("agreement with a truth", () => {
  const upright = [[1.5, 0, 0, 0], ...straight.slice(1)];
  const measured = async (affine: Affine) => {
    const scan = await readScan(await volume("agreement.nii", affine, grey), { axis: "k" });
    const empty = classMaps(scan, 0);
    // Class 1 is predicted one column to the right, in 2 of 3 slices; its slices are 5 x 4 of 1.5 x 2 mm.
    const truth = empty.map((map, n) => (n < 2 ? map.with(6, 1).with(7, 1) : map));
    const maps = empty.map((map, n) => (n < 2 ? map.with(7, 1).with(8, 1) : map));
    return { scan, found: measureClasses(scan, names, maps, truth, { toleranceMm: 0.5 }) };
  };

  test("is in mm, of the volume, of each slice and of thirds", async () => {
    const { scan, found } = await measured(upright);
    const [bone, disc] = found;
    const [, side] = scan.size.spacingMm;
    expect(bone).toMatchObject({
      pixels: 4,
      truthPixels: 4,
      dsc: 1 / 2,
      iou: 1 / 3,
      hausdorff: side,
      hausdorff95: side,
    });
    expect(bone!.perSlice!.map(({ areaMm2, truthAreaMm2 }) => [areaMm2, truthAreaMm2])).toEqual([
      [6, 6],
      [6, 6],
      [0, 0],
    ]);
    expect(bone!.perSlice!.map(({ hausdorff }) => hausdorff)).toEqual([side, side, undefined]);
    expect(bone!.thirds!.map((third) => third?.dsc)).toEqual([1 / 2, undefined, 1 / 2]);
    expect(disc).toMatchObject({ dsc: undefined, hausdorff: undefined, surfaceDice: undefined });
  });

  test("of a sheared volume is that of its grid without the shear", async () => {
    const sheared = [[1.5, 0, 2, 0], [0, 2, 0, 0], [0, 0, Math.sqrt(5), 0], straight[3]!];
    expect((await measured(sheared)).scan.sliceMm).toBeCloseTo(3, 6);
    const [plain, shorn] = [(await measured(upright)).found[0]!, (await measured(sheared)).found[0]!];
    for (const name of ["hausdorff", "hausdorff95", "assd", "surfaceDice"] as const) {
      expect(shorn[name]).toBeCloseTo(plain[name]!, 6);
    }
    expect(shorn.volumeMl).toBeLessThan(0.8 * plain.volumeMl!);
  });
});

describe("labels", () => {
  const labels = Uint8Array.from({ length: 60 }, (_, n) => n % 3);
  const truthOf = async (name: string, affine: Affine, data: NiftiOutput["data"]) => {
    const scan = await readScan(await volume("image.nii", straight, grey), { axis: "k" });
    return mapTruth(await scan.readLabels(await volume(name, affine, data)), 3, undefined);
  };

  test("that are nearly whole are whole", async () => {
    const exact = await truthOf("exact.nii", straight, labels);
    expect(exact.maps[0]!.slice().sort()).toEqual(
      Uint8Array.from([...Array(7).fill(0), ...Array(7).fill(1), ...Array(6).fill(2)]),
    );
    for (const off of [-0.00001, 0.00001, -0.0009, 0.0009]) {
      const near = Float32Array.from(labels, (value) => value + off);
      expect(await truthOf("near.nii", straight, near), `${off}`).toEqual(exact);
    }
  });

  test.each([0.5, 0.998, 1.002, -1, 65536, Number.NaN])("of %d are refused", async (value) => {
    const data = Float32Array.from(labels);
    data[27] = value;
    const expected = `voxel (2, 1, 1) is ${Math.fround(value)}, expected a whole number from 0 to 65535`;
    await expect(truthOf("bad.nii", straight, data)).rejects.toThrow(
      new FormatError(`${join(folder, "bad.nii")}: ${expected}`),
    );
  });

  test("that are stored to the left and to the back are turned", async () => {
    // Axes i and j backwards: what one program calls LPS and another RAS.
    const lps = [[-1, 0, 0, 4], [0, -2, 0, 6], [0, 0, 3, 0], straight[3]!];
    const turned = labels.map(
      (_, n) => labels[4 - (n % 5) + 5 * (3 - (Math.floor(n / 5) % 4)) + 20 * Math.floor(n / 20)]!,
    );
    expect(turned).not.toEqual(labels);
    expect(await truthOf("lps.nii", lps, turned)).toEqual(await truthOf("ras.nii", straight, labels));
  });
});
