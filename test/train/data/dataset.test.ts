// Datasets from files: what a sample is, that it agrees with the segmenter, and that augmentation is drawn, not remembered.

import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { extractSlice, readNifti, writeNifti } from "../../../src/formats/nifti/index.ts";
import { readPng } from "../../../src/formats/png/index.ts";
import { type Normalization, normalize } from "../../../src/models/preprocess.ts";
import { resampleSlice } from "../../../src/segment/resample.ts";
import { BatchLoader } from "../../../src/train/data/loader.ts";
import { type DataOptions, parseDataOptions } from "../../../src/train/data/options.ts";
import { preprocessOf } from "../../../src/train/data/preprocess.ts";
import { previewSamples } from "../../../src/train/data/preview.ts";
import { openDataset } from "../../../src/train/node/open-dataset.ts";
import { prepareBatch } from "../../support/prepare-batch.ts";
import { DataFolder, niftiSource, pngSource, spaced } from "./data-folder.ts";

const everything: NonNullable<DataOptions["augment"]> = {
  crop: {},
  rotation: { degrees: 30 },
  scale: {},
  shift: { pixels: 3 },
  flip: { vertical: 0.5 },
  elastic: { spacing: 8, amplitude: 3 },
  gamma: { probability: 1 },
  contrast: {},
  brightness: {},
  blur: { probability: 1 },
  meanBlur: {},
  medianBlur: {},
  motionBlur: { kernel: 5 },
  noise: { probability: 1 },
};

const nothingValidates = { validation: [] };

const png = new DataFolder();
for (const subject of ["a", "b"]) for (const slice of ["01", "02"]) png.pair(`set/${subject}_${slice}`);

const openPng = (options: Partial<DataOptions> = {}) =>
  openDataset({ sources: [pngSource], split: nothingValidates, size: [24, 20], ...options }, { base: png.path }).then(
    ({ train }) => train,
  );

test("samples are named and ordered by their paths", async () => {
  const dataset = await openPng();
  expect(dataset.ids).toEqual(["set/a_01", "set/a_02", "set/b_01", "set/b_02"]);
  expect(dataset.subjects).toEqual(["set/a", "set/a", "set/b", "set/b"]);
  expect(dataset).toMatchObject({ size: 4, imageSize: [24, 20], targets: "index" });
});

test.each<Normalization & DataOptions["normalize"]>([
  "z-score",
  "min-max",
  { percentile: [5, 90] },
  { window: [30, 210] },
])("an unaugmented sample is bit by bit what the segmenter makes, %j", async (normalization) => {
  const { data } = readPng(readFileSync(`${png.path}/set/b_01_img.png`), "b");
  // At 0.75 mm 24 x 20 pixels are 18 x 15 at 1 mm: padded to 32 x 32.
  const source = { ...pngSource, spacingMm: 0.75 };
  const padded = await (await openPng({ sources: [source], size: [32, 32], normalize: normalization })).sample(2);
  const expected = normalize(resampleSlice(data, [24, 20], [18, 15]), normalization);
  const image = new Float32Array(32 * 32);
  for (let row = 0; row < 18; row++) image.set(expected.subarray(row * 15, (row + 1) * 15), row * 32);
  expect(padded.image).toEqual(image);
  const own = await (await openPng({ normalize: normalization })).sample(2);
  expect(own.image).toEqual(normalize(data, normalization));
});

test("a batch is bit by bit the image that the segmenter gives to the network", async () => {
  const size: [number, number] = [64, 32];
  const options: DataOptions = { sources: [pngSource], split: nothingValidates, size };
  const { train } = await openDataset(options, { base: png.path });
  const preprocess = preprocessOf(parseDataOptions(options), { multiple: 32, least: 50 });
  const { data } = readPng(readFileSync(`${png.path}/set/a_01_img.png`), "a");
  const { shape, data: image } = prepareBatch([{ width: 20, height: 24, data }], 3, preprocess!);
  expect(shape).toEqual([1, 3, 64, 64]);
  const loader = new BatchLoader(train, { batch: 1, seed: 0, channels: 3, workers: 0, training: false });
  const { value } = await loader.epoch(0).next();
  const columns = image.filter((_, n) => n % 64 < 32);
  expect(value!.images).toEqual({ shape: [1, 3, 64, 32], data: columns });
  expect(preprocessOf(parseDataOptions({ ...options, fit: "stretch" }), { multiple: 32, least: 50 })).toBe(undefined);
});

test("slices are padded with the pixels that they have, and as the segmenter pads them", async () => {
  const folder = new DataFolder();
  // Sagittal slices of 5 by 4 pixels of 3 by 2 mm.
  const affine = [
    [1, 0, 0, 0],
    [0, 2, 0, 0],
    [0, 0, 3, 0],
    [0, 0, 0, 1],
  ];
  await folder.volume("p1", [3, 4, 5], { affine });
  const options: DataOptions = { sources: [niftiSource], split: nothingValidates, size: [8, 8], fit: "pad" };
  const { train } = await openDataset(options, { base: folder.path });
  const slice = extractSlice(await readNifti(folder.read("p1.nii.gz"), "p1"), 0, 1);
  expect([slice.height, slice.width, slice.spacingMm]).toEqual([5, 4, [3, 2]]);
  const preprocess = preprocessOf(parseDataOptions(options), { multiple: 4, least: 4 })!;
  expect(preprocess).toEqual({ spacingMm: "own", normalize: "z-score", padMultiple: 4, minSize: 8, padValue: 0 });
  const { data } = prepareBatch([slice], 1, preprocess);
  const { image, labels } = await train.sample(1);
  expect(image).toEqual(data);
  expect(labels.filter((label) => label === 1)).toHaveLength(slice.data.filter((value) => value > 700).length);
});

test("three planes of a volume are slices of their own, one after the other", async () => {
  const folder = new DataFolder();
  await folder.volume("p1", [2, 3, 4]);
  const open = async (axis: NonNullable<DataOptions["sources"][number]["volume"]>["axis"]) => {
    const sources = [{ ...niftiSource, volume: { axis } }];
    const options: DataOptions = { sources, split: nothingValidates, size: [4, 4], fit: "pad" };
    return (await openDataset(options, { base: folder.path })).train;
  };
  const all = await open(["sagittal", "coronal", "axial"]);
  const slices = (plane: string, count: number) => Array.from({ length: count }, (_, n) => `p1_${plane}_00${n}`);
  expect(all.ids).toEqual([...slices("sagittal", 2), ...slices("coronal", 3), ...slices("axial", 4)]);
  const single = [await open("sagittal"), await open("coronal"), await open(["axial"])];
  expect(single[2]!.ids).toEqual(["p1_000", "p1_001", "p1_002", "p1_003"]);
  const expected = single.flatMap((dataset) => dataset.ids.map((_, n) => dataset.sample(n)));
  expect(await Promise.all(all.ids.map((_, n) => all.sample(n)))).toEqual(await Promise.all(expected));
});

describe("z-scores within a mask", () => {
  const values = [10, 20, 30, 40, 50, 60];
  const folder = new DataFolder();
  const volume = (name: string, shift: number, labels: readonly number[]) =>
    folder.volume(name, [1, 2, 3], {
      image: (data) => data.set(values.map((value) => value + shift)),
      labels: (data) => data.set(labels),
    });
  const open = (within: number[], validation: string[] = ["c"]) =>
    openDataset(
      {
        sources: [{ ...niftiSource, classes: { "0": 0, "1": 1, "2": 2, "3": "ignore" } }],
        split: { validation },
        size: [3, 2],
        fit: "pad",
        normalize: { within },
        augment: {},
      },
      { base: folder.path },
    );
  /** Rows of a sagittal slice go down along k, columns along j; the file has j first. */
  const sorted = (image: Float32Array) => [...image].sort((a, b) => a - b);
  const scores = (given: readonly number[], mean: number, deviation: number) =>
    given.map((value) => Math.fround((value - mean) / deviation));

  beforeAll(async () => {
    await volume("a", 0, [1, 2, 1, 0, 0, 3]);
    await volume("b", 100, [1, 0, 0, 0, 2, 0]);
    await volume("c", 7, [1, 1, 1, 1, 1, 1]);
    await volume("d", 5, [0, 0, 0, 0, 0, 0]);
  });

  test("in training are those of the file, by the divisor n - 1; ignored pixels are in no mask", async () => {
    const { train } = await open([1, 2]);
    const [a, b] = [await train.sample(0, { seed: 0, epoch: 0 }), await train.sample(1, { seed: 0, epoch: 0 })];
    expect(sorted(a.image)).toEqual(scores(values, 20, 10));
    const shifted = values.map((value) => value + 100);
    expect(sorted(b.image)).toEqual(scores(shifted, 130, Math.sqrt(800)));
  });

  test("at inference, and where a file has no mask, are those of the training set, which the metadata states", async () => {
    const { train, validation } = await open([1, 2]);
    // 10, 20, 30 of a and 110, 150 of b.
    const mask = [10, 20, 30, 110, 150];
    const mean = 64;
    const deviation = Math.sqrt(mask.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 4);
    const unaugmented = await validation.sample(0);
    expect(sorted(unaugmented.image)).toEqual(
      scores(
        values.map((value) => value + 7),
        mean,
        deviation,
      ),
    );
    expect(sorted((await train.sample(0)).image)).toEqual(scores(values, mean, deviation));
    const without = await train.sample(2, { seed: 0, epoch: 0 });
    expect(sorted(without.image)).toEqual(
      scores(
        values.map((value) => value + 5),
        mean,
        deviation,
      ),
    );
    const { options, statistics } = train.recipe!;
    const preprocess = preprocessOf(options, { multiple: 1, least: 1 }, statistics)!;
    const { normalize: stated } = preprocess as unknown as { normalize: { mean: number; deviation: number } };
    expect([stated.mean, stated.deviation]).toEqual([expect.closeTo(mean, 10), expect.closeTo(deviation, 10)]);
    expect(() => preprocessOf(options, { multiple: 1, least: 1 })).toThrow("got no statistics of the training set");
  });

  test("of classes that no training image has are refused", async () => {
    await expect(open([7])).rejects.toThrow(
      "data.normalize.within: got [7], of which the training images have no two pixels of different greys",
    );
  });
});

test("an augmentation that changes nothing changes nothing", async () => {
  const dataset = await openPng({
    augment: { rotation: { degrees: 0 }, scale: { factor: [1, 1] }, contrast: { factor: [1, 1] } },
  });
  expect(await dataset.sample(1, { seed: 1, epoch: 1 })).toEqual(await dataset.sample(1));
});

test("a sample is a function of (seed, epoch, index), whatever was drawn before", async () => {
  const options = { augment: everything, size: [16, 16] as [number, number] };
  const [first, second] = [await openPng(options), await openPng(options)];
  const draw = { seed: 5, epoch: 3 };
  const sample = await first.sample(2, draw);
  await second.sample(0, { seed: 9, epoch: 9 });
  await second.sample(3);
  expect(await second.sample(2, draw)).toEqual(sample);
  for (const other of [
    first.sample(2, { seed: 6, epoch: 3 }),
    first.sample(2, { seed: 5, epoch: 4 }),
    first.sample(2),
  ]) {
    expect((await other).image).not.toEqual(sample.image);
    expect((await other).labels).not.toEqual(sample.labels);
  }
});

test("masks keep their exact labels under every augmentation, and all pixels are numbers", async () => {
  const folder = new DataFolder();
  const labels = Uint8Array.from({ length: 24 * 20 }, (_, n) => [0, 3, 200][n % 3]!);
  folder.pair("x_1", [24, 20], labels);
  const sources = [{ ...pngSource, classes: { "0": 0, "3": 7, "200": 254 } }];
  const { train } = await openDataset(
    { sources, split: nothingValidates, size: [24, 20], augment: everything, outside: 9 },
    { base: folder.path },
  );
  const seen = new Set<number>();
  for (let epoch = 0; epoch < 30; epoch++) {
    const sample = await train.sample(0, { seed: 0, epoch });
    for (const label of sample.labels) seen.add(label);
    expect(sample.image.every(Number.isFinite)).toBe(true);
    expect([...sample.labels].every((label, n) => label !== 9 || sample.image[n] === 0)).toBe(true);
  }
  expect([...seen].sort((a, b) => a - b)).toEqual([0, 7, 9, 254]);
});

test("labels of several classes make sets, and ignored ones admit everything", async () => {
  const folder = new DataFolder();
  folder.pair("x_1", [1, 4], Uint8Array.of(0, 1, 2, 5));
  const open = (classes: NonNullable<DataOptions["sources"]>[number]["classes"], options: Partial<DataOptions> = {}) =>
    openDataset(
      { sources: [{ ...pngSource, classes }], split: nothingValidates, size: [1, 5], ...options } as DataOptions,
      { base: folder.path },
    );
  const index = await open({ "0": 0, "1-2": 3, "5": "ignore" });
  expect(index.classes).toBe(4);
  expect([...(await index.train.sample(0)).labels]).toEqual([0, 3, 3, 255, 0]);
  const sets = await open({ "0": [0, 2], "1": 1, "2": 31, "5": "ignore" }, { outside: "ignore" });
  expect(sets.train.targets).toBe("sets");
  expect(sets.classes).toBe(32);
  expect([...(await sets.train.sample(0)).labels]).toEqual([0b101, 0b10, 2 ** 31, 2 ** 32 - 1, 2 ** 32 - 1]);
  const [preview] = await previewSamples(sets.train, { seed: 0, epoch: 0, count: 3, augmented: false });
  expect([...preview!.classes]).toEqual([0, 1, 31, 0, 0]);
});

test("volumes are sliced as the scanner's axes say, with their own pixel size", async () => {
  const folder = new DataFolder();
  // Axis i points up, j to the left, k to the back: sagittal slices lie across j.
  const affine = [
    [0, -3, 0, 0],
    [0, 0, -2, 0],
    [2, 0, 0, 0],
    [0, 0, 0, 1],
  ];
  await folder.volume("p1", [6, 4, 5], { affine });
  const { train } = await openDataset(
    {
      sources: [{ ...niftiSource, volume: { every: 2 } }],
      split: nothingValidates,
      size: [12, 10],
    },
    { base: folder.path },
  );
  expect(train.ids).toEqual(["p1_000", "p1_002"]);
  const volume = await readNifti(readFileSync(`${folder.path}/p1.nii.gz`), "p1");
  const slice = extractSlice(volume, 1, 2);
  expect([slice.height, slice.width, slice.spacingMm]).toEqual([6, 5, [2, 2]]);
  const { image, labels } = await train.sample(1);
  expect(image).toEqual(normalize(resampleSlice(slice.data, [6, 5], [12, 10]), "z-score"));
  const nearest = (n: number) => slice.data[Math.floor(Math.floor(n / 10) / 2) * 5 + Math.floor((n % 10) / 2)]!;
  expect(labels).toEqual(labels.map((_, n) => (nearest(n) > 700 ? 1 : 0)));
});

test("only slices with a label, where asked for", async () => {
  const folder = new DataFolder();
  const labels = (data: Uint16Array) => {
    data.forEach((_, n) => {
      data[n] = n % 5 === 3 ? 1 : 0;
    });
  };
  await folder.volume("p1", [5, 3, 4], { labels, affine: spaced(1) });
  const sources = [{ ...niftiSource, volume: { labelled: true } }];
  const options = { sources, split: nothingValidates, size: [4, 3] as [number, number] };
  const { train } = await openDataset(options, { base: folder.path });
  expect(train.ids).toEqual(["p1_003"]);
});

test("labels that are nearly whole, and stored in another order of axes, are those of the image", async () => {
  const folder = new DataFolder();
  await folder.volume("p1", [6, 4, 5]);
  const open = () =>
    openDataset({ sources: [niftiSource], split: nothingValidates, size: [5, 4] }, { base: folder.path });
  const samples = async () => {
    const { train } = await open();
    return Promise.all(train.ids.map(async (_, n) => (await train.sample(n)).labels));
  };
  const expected = await samples();
  const labels = (await readNifti(folder.read("p1-labels.nii.gz"), "labels")).stored;
  // The same voxels, axis k first and downwards, then i, then j to the back; each a little less than a whole number.
  const data = new Float32Array(120);
  for (let n = 0; n < 120; n++) {
    const [k, i, j] = [4 - (n % 5), Math.floor(n / 5) % 6, 3 - Math.floor(n / 30)];
    data[n] = labels[i + 6 * (j + 4 * k)]! - 0.0004;
  }
  const affine = [
    [0, 1, 0, 0],
    [0, 0, -1, 3],
    [-1, 0, 0, 4],
    [0, 0, 0, 1],
  ];
  folder.write("p1-labels.nii.gz", await writeNifti({ shape: [5, 6, 4], data, like: { affine } }, { gzip: true }));
  expect(await samples()).toEqual(expected);
});

test("a manifest lists files beside it, as JSON or CSV", async () => {
  const entries = [
    { image: "set/b_01_img.png", labels: "set/b_01_lab.png", subject: "B" },
    { image: "set/a_01_img.png", labels: "set/a_01_lab.png", subject: "A, the first" },
  ];
  png.write("list.json", JSON.stringify(entries));
  png.write(
    "list.csv",
    'subject,image,labels\r\nB,set/b_01_img.png,set/b_01_lab.png\r\n"A, the first",set/a_01_img.png,set/a_01_lab.png\r\n',
  );
  for (const manifest of ["list.json", "list.csv"]) {
    const dataset = await openPng({ sources: [{ manifest, classes: { "0-1": 0 } }] });
    expect(dataset.ids).toEqual(["set/b_01_img", "set/a_01_img"]);
    expect(dataset.subjects).toEqual(["B", "A, the first"]);
  }
});
