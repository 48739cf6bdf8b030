import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { readNifti, sliceAxes, writeNifti } from "../../src/formats/nifti/index.ts";
import { createLumbarPhantom, type Phantom } from "../../weights/phantom/phantom.ts";
import { createRandom, sineCosine } from "../../weights/phantom/random.ts";

const SAMPLE = "weights/sample/synthetic-lumbar-phantom";

describe("the sample", () => {
  let phantom: Phantom;
  beforeAll(() => {
    phantom = createLumbarPhantom(0, { slices: 12 });
  }, 300_000);

  test("is made again, byte for byte, from its seed", async () => {
    const { shape, affine } = phantom;
    for (const [suffix, data] of [
      ["", phantom.image],
      ["-truth", phantom.labels],
    ] as const) {
      const made = await writeNifti({ shape, data, like: { affine } }, { gzip: false });
      const shipped = gunzipSync(readFileSync(`${SAMPLE}${suffix}.nii.gz`));
      expect(Buffer.compare(shipped, made), `${SAMPLE}${suffix}.nii.gz`).toBe(0);
    }
  });

  test("is stored as scanners store sagittal slices: oblique, flipped, slices along the third axis", async () => {
    const volume = await readNifti(readFileSync(`${SAMPLE}.nii.gz`), "sample");
    const { right, anterior, superior } = sliceAxes(volume.affine);
    expect([right.axis, anterior, superior]).toEqual([2, { axis: 0, sign: -1 }, { axis: 1, sign: -1 }]);
    expect(volume.affine.flat().filter((value) => value === 0).length).toBe(3); // Those of the last row alone.
    expect(volume.datatype).toBe("int16");
  });

  test("shows at least six bodies with discs between, in front of a bright sac", () => {
    const [columns, rows] = phantom.shape;
    const middle = columns * rows * 6;
    const sum = [0, 0, 0, 0, 0];
    const count = [0, 0, 0, 0, 0];
    const places = [0, 0, 0, 0, 0];
    let bodies = 0;
    let last = 0;
    for (let j = 0; j < rows; j++) {
      let widest = 0;
      const inRow = [0, 0, 0, 0, 0];
      for (let i = 0; i < columns; i++) {
        const voxel = middle + i + columns * j;
        const label = phantom.labels[voxel]!;
        sum[label]! += phantom.image[voxel]!;
        count[label]!++;
        places[label]! += i;
        inRow[label]!++;
      }
      widest = inRow[1]! > inRow[2]! ? 1 : inRow[2]! > 0 ? 2 : 0;
      if (widest === 1 && last !== 1) bodies++;
      last = widest;
    }
    const mean = (values: number[], label: number) => values[label]! / count[label]!;
    expect(bodies).toBeGreaterThanOrEqual(6);
    expect(mean(sum, 3)).toBeGreaterThan(1.5 * mean(sum, 1));
    expect(mean(places, 3)).toBeGreaterThan(mean(places, 1) + 15);
    expect(mean(places, 4)).toBeGreaterThan(mean(places, 3) + 10);
    expect(count.every((voxels) => voxels > 100)).toBe(true);
  });
});

test("seeds differ, and the same seed does not", () => {
  const [one, again, two] = [1, 1, 2].map((seed) => createLumbarPhantom(seed, { slices: 1 }));
  expect(again!.image).toEqual(one!.image);
  expect(again!.affine).toEqual(one!.affine);
  expect(two!.image).not.toEqual(one!.image);
  expect(two!.labels).not.toEqual(one!.labels);
}, 300_000);

test("the generator computes with nothing whose last bit depends on the engine", () => {
  for (const name of readdirSync("weights/phantom").filter((name) => name.endsWith(".ts"))) {
    const source = readFileSync(`weights/phantom/${name}`, "utf8").replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
    const calls = [...source.matchAll(/Math\.(\w+)/g)].map((match) => match[1]);
    const exact = ["abs", "ceil", "floor", "imul", "max", "min", "round", "sqrt"];
    expect(
      calls.filter((call) => !exact.includes(call!)),
      name,
    ).toEqual([]);
    expect(/[^*]\*\*[^*]/.test(source), name).toBe(false);
  }
});

test("mulberry32's first numbers, and sines within 1e-8", () => {
  const random = createRandom(1);
  expect([1, 2, 3].map(() => Math.floor(random.between(0, 4294967296)))).toEqual([2693262067, 11749833, 2265367787]);
  for (let degrees = -90; degrees <= 90; degrees += 7.5) {
    const [sine, cosine] = sineCosine(degrees);
    expect(Math.abs(sine - Math.sin((degrees * Math.PI) / 180))).toBeLessThan(1e-8);
    expect(Math.abs(cosine - Math.cos((degrees * Math.PI) / 180))).toBeLessThan(1e-8);
  }
});
