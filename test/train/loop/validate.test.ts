// A whole dataset through a network that is a function.
import { expect, test } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { writeCsv } from "../../../src/report/csv.ts";
import type { Dataset } from "../../../src/train/data/dataset.ts";
import type { Sample } from "../../../src/train/data/prepare.ts";
import { rankImages } from "../../../src/train/loop/results.ts";
import { type SegmentBatch, validate } from "../../../src/train/loop/validate.ts";
import { imageRows } from "../../../src/train/report/rows.ts";

/** Images of four pixels whose grey values are what the network below answers. */
function datasetOf(...images: [predicted: number[], labels: number[]][]): Dataset {
  return {
    size: images.length,
    imageSize: [2, 2],
    ids: images.map((_, i) => `scan ${i}, left`),
    subjects: images.map((_, i) => `s${i >> 1}`),
    targets: "index",
    sample: async (index) => ({
      image: Float32Array.from(images[index]![0]),
      labels: Uint32Array.from(images[index]![1]),
    }),
  };
}

const batches: number[] = [];
const answer: SegmentBatch = async (samples: readonly Sample[]) => {
  batches.push(samples.length);
  return { maps: samples.map(({ image }) => image), loss: samples[0]!.image[1]! };
};

const dataset = datasetOf(
  [
    [0, 1, 1, 1],
    [0, 1, 1, 0],
  ],
  [
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ],
  [
    [1, 0, 0, 2],
    [1, 1, 1, 2],
  ],
);
const options = { classes: ["background", "body", "disc"], batch: 2 };

test("pixels of all images together, and each image on its own", async () => {
  batches.length = 0;
  const progress: number[] = [];
  const { classes, mean, images, loss } = await validate(answer, dataset, {
    ...options,
    onProgress: (done) => progress.push(done),
  });
  expect([batches, progress]).toEqual([
    [2, 1],
    [2, 3],
  ]);
  expect(classes[1]).toMatchObject({ name: "body", dsc: 6 / 9, images: 2 });
  expect(classes[1]!.perImage.dsc).toBeCloseTo((4 / 5 + 2 / 4) / 2, 12);
  expect(classes[2]).toMatchObject({ dsc: 1, images: 1 });
  expect(mean.dsc).toBeCloseTo((6 / 9 + 1) / 2, 12);
  expect(images.map(({ mean }) => mean.dsc)).toEqual([4 / 5, undefined, (2 / 4 + 1) / 2]);
  expect(loss).toBeCloseTo((1 * 2 + 0) / 3, 12); // of two batches, the second half as large
});

test("best and worst images, without those that have no class", async () => {
  const { images } = await validate(answer, dataset, options);
  expect(rankImages(images, "best").map(({ index }) => index)).toEqual([0, 2]);
  expect(rankImages(images, "worst").map(({ index }) => index)).toEqual([2, 0]);
});

test("a CSV row for each image and class", async () => {
  const text = writeCsv(imageRows(await validate(answer, dataset, options)));
  const lines = text.split("\r\n");
  expect(lines).toHaveLength(1 + 3 * 3 + 1);
  const counts = "truePositive,falsePositive,falseNegative,trueNegative";
  const metrics = "dsc,iou,precision,recall,specificity,volumeDifference,hausdorff95,hausdorff,assd,surfaceDice";
  expect(lines[0]).toBe(`image,subject,class,name,${counts},${metrics},areaMm2,truthAreaMm2,rowMm,columnMm`);
  expect(lines[2]).toBe(`"scan 0, left",s0,1,body,2,1,0,1,0.8,${2 / 3},${2 / 3},1,0.5,0.5,,,,,,,,`);
  expect(lines[6]).toBe('"scan 1, left",s0,2,disc,0,0,0,4,,,,,1,,,,,,,,,');
});

test("what cannot be measured is refused", async () => {
  await expect(validate(answer, datasetOf(), options)).rejects.toThrow(
    new UsageError("validation: the dataset has no images"),
  );
  const short: SegmentBatch = async () => ({ maps: [] });
  await expect(validate(short, dataset, options)).rejects.toThrow("validation: got 0 class maps, expected 2");
  const strange = datasetOf([
    [0, 0, 0, 0],
    [0, 0, 9, 0],
  ]);
  await expect(validate(answer, strange, options)).rejects.toThrow(
    new UsageError("scan 0, left: metrics: pixel 2 has label 9, expected 0 to 2 or 255"),
  );
  const stopped = AbortSignal.abort(new Error("enough"));
  await expect(validate(answer, dataset, { ...options, signal: stopped })).rejects.toThrow("enough");
});

test("without a loss of every batch there is none", async () => {
  const { loss } = await validate(async (samples) => ({ maps: samples.map(({ image }) => image) }), dataset, options);
  expect(loss).toBeUndefined();
});
