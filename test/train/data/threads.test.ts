// The loader on threads, in bundles as they are shipped: the same batches whatever the number of threads, errors with their
// types, and an end.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { beforeAll, expect, test } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import type { Batch } from "../../../src/train/data/batch.ts";
import { DataFolder, niftiSource, pngSource } from "./data-folder.ts";
import * as source from "./loader-entry.ts";

const bundles = new DataFolder();
const data = new DataFolder();
let bundled: typeof source;

beforeAll(async () => {
  bundles.write("package.json", '{"type":"module"}');
  await build({
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    splitting: true,
    entryPoints: { loader: "test/train/data/loader-entry.ts", "data-worker": "src/train/node/data-worker.ts" },
    outdir: bundles.path,
  });
  bundled = await import(/* @vite-ignore */ pathToFileURL(join(bundles.path, "loader.js")).href);
  for (const subject of ["a", "b", "c"]) for (const slice of [1, 2, 3]) data.pair(`${subject}_${slice}`);
  await data.volume("p1", [5, 24, 20]);
});

const open = (sources = [pngSource, niftiSource]) =>
  bundled.openDataset(
    {
      sources,
      split: { validation: [] },
      size: [24, 20],
      augment: { rotation: {}, elastic: {}, noise: { probability: 1 } },
    },
    { base: data.path },
  );

const options = { batch: 3, seed: 4, channels: 3 };

async function collect(batches: AsyncIterable<Batch>): Promise<Batch[]> {
  const all: Batch[] = [];
  for await (const batch of batches) all.push(batch);
  return all;
}

test("0, 1 and 3 threads give bit-identical batches, from any batch on", async () => {
  const { train } = await open();
  const collectWith = async (workers: number, from: number) => {
    const loader = new bundled.BatchLoader(train, { ...options, workers });
    const batches = [...(await collect(loader.epoch(2, from))), ...(await collect(loader.epoch(3)))];
    await loader.dispose();
    return batches;
  };
  const alone = await collectWith(0, 0);
  expect(alone.map(({ ids }) => ids.length)).toEqual([3, 3, 3, 3, 3, 3, 3, 3]);
  expect(await collectWith(1, 0)).toEqual(alone);
  expect(await collectWith(3, 0)).toEqual(alone);
  expect(await collectWith(3, 2)).toEqual(alone.slice(2));
});

test("an error in a thread has its type and comes with its batch; the others go on", async () => {
  data.pair("z_1", [24, 20], new Uint8Array(480).fill(77));
  const { train } = await open([pngSource]);
  const loader = new bundled.BatchLoader(train, { ...options, batch: 1, workers: 2, training: false });
  const epoch = loader.epoch(0);
  for (let n = 0; n < 9; n++) await epoch.next();
  const failing = epoch.next();
  await expect(failing).rejects.toThrow(`${data.path}/z_1_lab.png: label 77 has no class, expected one of 0, 1`);
  await expect(failing).rejects.toBeInstanceOf(bundled.FormatError);
  expect(await collect(loader.epoch(0, 10))).toEqual([]);
  expect((await loader.epoch(0, 8).next()).value?.ids).toEqual(["c_3"]);
  await loader.dispose();
});

test("a thread that stops is an error, not a hang", async () => {
  const { train } = await open();
  const broken = Object.create(train, { recipe: { value: { ...train.recipe, classes: undefined } } });
  const loader = new bundled.BatchLoader(broken, { ...options, workers: 2 });
  await expect(loader.epoch(0).next()).rejects.toThrow(/^loader: a thread stopped, got .*undefined/);
  await loader.dispose();
});

test("dispose ends the threads, and tells what waits for them", async () => {
  const threads = () => process.getActiveResourcesInfo().filter((name) => name === "MessagePort" || name === "Worker");
  const before = threads().length;
  const { train } = await open();
  const loader = new bundled.BatchLoader(train, { ...options, workers: 3 });
  // Threads that have just been started cannot have an answer yet.
  const refused = expect(loader.epoch(0).next()).rejects.toThrow(new bundled.UsageError("loader: disposed"));
  expect(threads().length).toBeGreaterThan(before);
  await loader.dispose();
  await refused;
  expect(threads()).toHaveLength(before);
  await loader.dispose();
});

test("without a bundle of the thread beside it, the loader says so", async () => {
  const { train } = await source.openDataset(
    { sources: [pngSource], split: { validation: [] }, size: [24, 20] },
    { base: data.path },
  );
  const loader = new source.BatchLoader(train, { ...options, workers: 1 });
  await expect(loader.epoch(0).next()).rejects.toThrow(UsageError);
  await expect(loader.epoch(0).next()).rejects.toThrow(
    /^loader: data-worker\.js is not beside .*, expected 0 workers$/,
  );
});

test("the thread's bundle is built and shipped", () => {
  const { files } = JSON.parse(readFileSync("package.json", "utf8"));
  expect(files).toContain("dist/data-worker.js");
  expect(
    readFileSync("esbuild.config.mjs", "utf8").match(/"data-worker": "src\/train\/node\/data-worker\.ts"/g),
  ).toHaveLength(2);
});
