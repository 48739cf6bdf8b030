// The segmenter against the parts it is made of: with the training's spacing bit by bit, with another one by float64 loops.
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ShapeError, UsageError } from "../../src/errors.ts";
import { readSafetensors, writeSafetensors } from "../../src/formats/safetensors/index.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { loadModel } from "../../src/models/load.ts";
import { openModelFile } from "../../src/models/model-file.ts";
import { normalize } from "../../src/models/preprocess.ts";
import { resampleSlice } from "../../src/segment/resample.ts";
import { buildSegmentGraph } from "../../src/segment/segment-graph.ts";
import { createSegmenter } from "../../src/segment/segmenter.ts";
import { openTestGpu } from "../support/gpu.ts";
import { prepareBatch } from "../support/prepare-batch.ts";

let gpu: Gpu;
/** Random weights without fusion, the last bias moved so that both classes appear. */
let model: Uint8Array;

beforeAll(async () => {
  gpu = await openTestGpu();
  const { tensors, metadata } = await readSafetensors(await readFile("weights/goldens/plain-w8/model.safetensors"));
  const { logits } = await runNetwork(writeSafetensors(tensors, metadata), [blobs(40, 40, 0)], 40, 40, ["logits"]);
  const [, , height, width] = logits!.shape as [number, number, number, number];
  const gaps = Float32Array.from(
    { length: height * width },
    (_, n) => logits!.data[n]! - logits!.data[height * width + n]!,
  );
  const bias = tensors.get("head.conv2.bias")!.data as Float32Array;
  bias[1] = bias[1]! + gaps.sort()[gaps.length >> 1]!;
  model = writeSafetensors(tensors, metadata);
});
afterAll(() => gpu.dispose());

/** A smooth slice with a few bumps, another one for each seed. */
function blobs(height: number, width: number, seed: number): Float32Array {
  return Float32Array.from({ length: height * width }, (_, n) => {
    const [y, x] = [Math.floor(n / width) / height, (n % width) / width];
    return 900 + 300 * Math.sin(9 * x + seed) * Math.cos(7 * y - seed) + 100 * Math.sin(31 * x * y + 2 * seed);
  });
}

/** The network without the segmenter's graph around it. */
async function runNetwork(
  weights: Uint8Array,
  slices: readonly Float32Array[],
  height: number,
  width: number,
  outputs: readonly ("logits" | "classes")[],
) {
  const { preprocess, weights: file } = await openModelFile(weights);
  await file.close();
  const image = prepareBatch(
    slices.map((data) => ({ height, width, data })),
    3,
    preprocess!,
  );
  const network = await loadModel(gpu, weights, { shape: image.shape, outputs });
  const result = await network.run({ image });
  await network.dispose();
  return result;
}

test("gives just what the network gives at the training's spacing, whatever the batch", async () => {
  const [height, width] = [37, 45];
  const slices = [0, 1, 2].map((seed) => blobs(height, width, seed));
  const { classes } = await runNetwork(model, slices, height, width, ["classes"]);
  const [, padded, paddedWidth] = classes!.shape as [number, number, number];
  const segmenter = await createSegmenter(gpu, model, { height, width, spacingMm: [1, 1], batch: 2 });
  expect(segmenter.networkSize).toEqual([padded, paddedWidth]);
  const progress: [number, number][] = [];
  const maps = await segmenter.segment(slices, { onProgress: (done, total) => progress.push([done, total]) });
  maps.forEach((map, n) => {
    const expected = Uint8Array.from(map, (_, pixel) => {
      const [row, column] = [Math.floor(pixel / width), pixel % width];
      return classes!.data[(n * padded + row) * paddedWidth + column]!;
    });
    expect(map).toEqual(expected);
    expect(new Set(map).size, "classes in the map").toBe(2);
  });
  expect(progress).toEqual([
    [2, 3],
    [3, 3],
  ]);
  expect(await segmenter.segment([])).toEqual([]);
  await segmenter.dispose();
  expect(gpu.allocated.buffers).toBe(0);
});

test("resamples to the training's spacing and the logits back", async () => {
  const [height, width] = [60, 46];
  const spacingMm = [0.6, 1.3] as const;
  const resampled = [36, 60] as const;
  const slice = blobs(height, width, 4);
  const small = resampleSlice(slice, [height, width], resampled);
  const { logits } = await runNetwork(model, [small], resampled[0], resampled[1], ["logits"]);
  const [, , padded, paddedWidth] = logits!.shape as [number, number, number, number];
  const [first, second] = [0, 1].map((c) => {
    const crop = Float32Array.from({ length: resampled[0] * resampled[1] }, (_, n) => {
      const [row, column] = [Math.floor(n / resampled[1]), n % resampled[1]];
      return logits!.data[(c * padded + row) * paddedWidth + column]!;
    });
    return resampleSlice(crop, resampled, [height, width]);
  }) as [Float32Array, Float32Array];
  const segmenter = await createSegmenter(gpu, model, { height, width, spacingMm });
  const [map] = await segmenter.segment([slice]);
  await segmenter.dispose();
  const range = Math.max(...logits!.data) - Math.min(...logits!.data);
  const wrong = [...map!].filter((label, n) => {
    const margin = second[n]! - first[n]!;
    return label !== (margin > 0 ? 1 : 0) && Math.abs(margin) > 1e-5 * range;
  });
  expect(wrong.length).toBe(0);
  expect(new Set(map).size).toBe(2);
});

test("rounds sizes as Python does", async () => {
  const file = await openModelFile(model);
  const size = (height: number, spacing: number) =>
    buildSegmentGraph(file, file.preprocess!, { height, width: 64, spacingMm: [spacing, 1] }, 1).resampled[0];
  expect([size(65, 0.5), size(67, 0.5), size(64, 1.004), size(3, 0.1)]).toEqual([32, 34, 64, 1]);
  await file.weights.close();
});

test("resampling keeps ramps straight and averages pairs", () => {
  expect([...resampleSlice(Float32Array.of(0, 2, 4, 6), [1, 4], [1, 2])]).toEqual([1, 5]);
  expect([...resampleSlice(Float32Array.of(1, 5), [2, 1], [4, 1])]).toEqual([1, 2, 4, 5]);
  const slice = blobs(9, 7, 1);
  expect(resampleSlice(slice, [9, 7], [9, 7])).toEqual(slice);
});

test("a constant slice has no contrast to normalise and is background or not, but never NaN", async () => {
  const segmenter = await createSegmenter(gpu, model, { height: 20, width: 20, spacingMm: [2, 2] });
  const [flat, zero] = await segmenter.segment([new Float32Array(400).fill(1e9), new Float32Array(400)]);
  await segmenter.dispose();
  expect(normalize(new Float32Array(4).fill(1e9), "z-score")).toEqual(new Float32Array(4));
  expect(flat).toEqual(zero);
});

test("refuses what it cannot take, and says what", async () => {
  const at = (height: number, width: number, spacing: number, batch = 1) =>
    createSegmenter(gpu, model, { height, width, spacingMm: [spacing, spacing], batch });
  await expect(at(10, 20_000, 1)).rejects.toThrow(
    new ShapeError("segment: slices are 20000 pixels wide, expected at most 8192"),
  );
  await expect(at(512, 512, 50)).rejects.toThrow(/25600 pixels tall at 1 mm, got 512 of 50 mm, expected at most 8192/);
  await expect(at(32, 32, 1, 0)).rejects.toThrow(UsageError);
  await expect(at(8192, 8192, 1, 1024)).rejects.toThrow(/maxStorageBufferBindingSize|maxBufferSize|workgroups/);
  const segmenter = await at(8, 8, 1);
  await expect(segmenter.segment([new Float32Array(63)])).rejects.toThrow(/slice 0 has 63 pixels, expected 64 \(8x8\)/);
  const broken = new Float32Array(64).fill(1, 0, 63);
  broken[19] = Number.NaN;
  await expect(segmenter.segment([new Float32Array(64), broken])).rejects.toThrow(/slice 1 is NaN at row 2, column 3/);
  await segmenter.dispose();
  expect(gpu.allocated.buffers).toBe(0);
});
