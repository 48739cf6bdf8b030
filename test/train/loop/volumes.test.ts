// Slices of volumes that are measured together: how far they are apart, and what belongs together.
import { expect, test } from "vitest";
import { writeCsv } from "../../../src/report/csv.ts";
import { measureSurfaces } from "../../../src/segment/surface-metrics.ts";
import type { Dataset } from "../../../src/train/data/dataset.ts";
import type { DataOptions } from "../../../src/train/data/options.ts";
import { type SegmentBatch, validate } from "../../../src/train/loop/validate.ts";
import { openDataset } from "../../../src/train/node/open-dataset.ts";
import { volumeRows } from "../../../src/train/report/rows.ts";
import { DataFolder, niftiSource, pngSource } from "../data/data-folder.ts";

const options = { classes: ["background", "body"], batch: 3, surfaces: true };
const segmentBrightest: SegmentBatch = async (samples) => ({
  maps: samples.map(({ image }) => Uint8Array.from(image, (value) => (value > 0.3 ? 1 : 0))),
});

/** Voxels of 2 x 3 x 5 mm. */
const affine = [
  [2, 0, 0, 0],
  [0, 3, 0, 0],
  [0, 0, 5, 0],
  [0, 0, 0, 1],
];

async function openVolumes(given: Partial<DataOptions> = {}, volume: object = {}): Promise<Dataset> {
  const folder = new DataFolder();
  await folder.volume("p1", [6, 8, 7], { affine });
  await folder.volume("p2", [4, 8, 7], { affine });
  const sources = [{ ...niftiSource, volume: { axis: "i", ...volume } }] as DataOptions["sources"];
  const size: [number, number] = [7, 8];
  const split = { validation: [] };
  const fit = "stretch" as const;
  return (await openDataset({ sources, split, size, fit, ...given }, { base: folder.path })).train;
}

test("a volume is its slices in 3-D, at the distance of those that were taken", async () => {
  const dataset = await openVolumes({}, { every: 2 });
  expect(dataset.stacks).toEqual([
    { id: "p1", subject: "p1", samples: [0, 1, 2], positions: [0, 2, 4] },
    { id: "p2", subject: "p2", samples: [3, 4], positions: [0, 2] },
  ]);
  const result = await validate(segmentBrightest, dataset, { ...options, toleranceMm: 4 });
  expect(result.distancesPer).toBe("volume");
  expect(result.volumes.map(({ id, slices, spacingMm }) => [id, slices, spacingMm])).toEqual([
    ["p1", 3, [4, 5, 3]],
    ["p2", 2, [4, 5, 3]],
  ]);
  const samples = await Promise.all([0, 1, 2].map((index) => dataset.sample(index)));
  const { maps } = await segmentBrightest(samples);
  const expected = measureSurfaces(
    maps.flatMap((map) => Array.from(map)),
    samples.flatMap(({ labels }) => Array.from(labels)),
    { shape: [3, 7, 8], spacing: [4, 5, 3], toleranceMm: 4 },
  );
  expect(expected.assd).toBeGreaterThan(0);
  const [first, second] = result.volumes;
  expect(first!.classes[1]).toMatchObject(expected);
  expect(first!.classes[0]!.assd).toBeUndefined();
  expect(result.classes[1]!.assd).toBeCloseTo((first!.classes[1]!.assd! + second!.classes[1]!.assd!) / 2, 12);
  expect(result.classes[1]!.measured).toBe(2);
  expect(result.subjects.map(({ subject, images }) => [subject, images])).toEqual([
    ["p1", 3],
    ["p2", 2],
  ]);
  expect(result.subjects[1]!.classes).toEqual(second!.classes.map(({ thirds: _, ...whole }) => whole));
});

test("a slice by itself is a volume with a contour", async () => {
  const dataset = await openVolumes({}, { every: 6 });
  const { volumes, images, distancesPer } = await validate(segmentBrightest, dataset, options);
  expect(volumes.map(({ slices, spacingMm }) => [slices, spacingMm])).toEqual(Array(2).fill([1, [2, 5, 3]]));
  expect(distancesPer).toBe("volume");
  volumes.forEach(({ classes }, n) => {
    expect(classes[1]).toMatchObject(images[n]!.classes[1]!);
    expect(classes[1]!.assd).toBeGreaterThan(0);
  });
});

test("of slices with gaps there are contours, but no surface", async () => {
  const dataset = await openVolumes();
  const gaps: Dataset = {
    ...dataset,
    size: dataset.size,
    imageSize: dataset.imageSize,
    targets: dataset.targets,
    sample: (index) => dataset.sample(index),
    stacks: [{ id: "p1", subject: "p1", samples: [0, 1, 2], positions: [0, 1, 3] }],
  };
  const result = await validate(segmentBrightest, gaps, options);
  expect(result.volumes.map(({ spacingMm }) => spacingMm)).toEqual([[undefined, 5, 3]]);
  expect(result.volumes[0]!.classes[1]!.dsc).toBeGreaterThan(0);
  expect(result.volumes[0]!.classes[1]!.assd).toBeUndefined();
  expect(result.distancesPer).toBe("image");
  expect(result.classes[1]!.assd).toBe(result.classes[1]!.perImage.assd);
  expect(result.classes[1]!.assd).toBeGreaterThan(0);
});

test("pictures of a subject belong together, whatever lies between them in the dataset", async () => {
  const folder = new DataFolder();
  for (const name of ["a_1", "b_1", "a_2", "b_2"]) folder.pair(name);
  const source = { ...pngSource, subject: "^(.)", spacingMm: 0.5 };
  const { train } = await openDataset(
    { sources: [source], split: { validation: [] }, size: [12, 10] },
    { base: folder.path },
  );
  const order = [0, 2, 1, 3];
  const mixed: Dataset = {
    size: 4,
    imageSize: train.imageSize,
    targets: train.targets,
    ids: order.map((index) => train.ids[index]!),
    subjects: order.map((index) => train.subjects[index]!),
    stacks: train.stacks!.map((stack) => ({ ...stack, samples: stack.samples.map((index) => order.indexOf(index)) })),
    sample: (index) => train.sample(order[index]!),
  };
  const [plain, other] = await Promise.all([train, mixed].map((data) => validate(segmentBrightest, data, options)));
  expect(plain!.images.map(({ spacingMm }) => spacingMm)).toEqual(Array(4).fill([1, 1]));
  expect(plain!.volumes.map(({ id, slices, spacingMm }) => [id, slices, spacingMm])).toEqual([
    ["a", 2, [undefined, 1, 1]],
    ["b", 2, [undefined, 1, 1]],
  ]);
  expect(other!.volumes).toEqual(plain!.volumes);
  expect(other!.subjects).toEqual(plain!.subjects);
  for (const { classes } of plain!.volumes) {
    expect([classes[1]!, ...classes[1]!.thirds].map((part) => part?.assd)).toEqual(Array(4).fill(undefined));
    expect(classes[1]!.thirds[0]!.dsc).toBeGreaterThan(0);
  }
  // All that is in rows, but distances.
  const lines = writeCsv(volumeRows(plain!)).trimEnd().split("\r\n");
  expect(lines[0]).toMatch(/^volume,subject,class,name,part,dsc,.*,surfaceDice,slices,sliceMm,rowMm,columnMm$/);
  expect(lines.slice(1).map((line) => line.split(",").slice(0, 5).join())).toEqual(
    ["a", "b"].flatMap((id) => ["whole", "first", "last"].map((part) => `${id},${id},1,body,${part}`)),
  );
  expect(lines[1]).toMatch(/,,,,,2,,1,1$/);
});

test("a pixel is as large as the image of the network has it", async () => {
  const spacing = async (given: Partial<DataOptions>) => {
    const { spacingMm, sliceMm } = await (await openVolumes(given)).sample(0);
    return [sliceMm, ...spacingMm!];
  };
  // A slice is 7 rows of 5 mm and 8 columns of 3 mm.
  expect(await spacing({ size: [14, 4] })).toEqual([2, 2.5, 6]);
  expect(await spacing({ size: [64, 64], fit: "spacing", spacingMm: 2 })).toEqual([2, 35 / 18, 2]);
});

test("where surfaces are not asked for there are neither distances nor volumes", async () => {
  const result = await validate(segmentBrightest, await openVolumes(), { ...options, surfaces: false });
  expect(result.volumes).toEqual([]);
  expect(result.classes[1]!.dsc).toBeGreaterThan(0);
  expect(result.classes[1]).toMatchObject({ assd: undefined, perImage: { assd: undefined }, measured: 0 });
});

test("an image without the class is perfect where asked", async () => {
  const dataset = await openVolumes();
  const nothing: SegmentBatch = async (samples) => ({ maps: samples.map(({ labels }) => labels.map(() => 0)) });
  const empty: Dataset = {
    size: dataset.size,
    imageSize: dataset.imageSize,
    targets: dataset.targets,
    ids: dataset.ids,
    subjects: dataset.subjects,
    stacks: dataset.stacks,
    sample: async (index) => {
      const sample = await dataset.sample(index);
      return index < 5 ? { ...sample, labels: sample.labels.map(() => 0) } : sample;
    },
  };
  const none = await validate(nothing, empty, options);
  const perfect = await validate(nothing, empty, { ...options, emptyIsPerfect: true });
  expect([none, perfect].map(({ classes }) => classes[1]!.perImage.dsc)).toEqual([0, 5 / 10]);
  expect([none, perfect].map(({ classes }) => classes[1]!.dsc)).toEqual([0, 0]);
  expect(perfect.images[0]!.classes[1]).toMatchObject({ dsc: 1, hausdorff: 0, surfaceDice: 1, volumeDifference: 0 });
  expect(none.images[0]!.classes[1]).toMatchObject({ dsc: undefined, hausdorff: undefined });
});
