// The loader on one thread: order, resuming, incomplete batches, errors, and how far it works ahead.
import { expect, test } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import type { Draw } from "../../../src/train/data/augment.ts";
import type { Batch } from "../../../src/train/data/batch.ts";
import type { Dataset } from "../../../src/train/data/dataset.ts";
import { FileDataset } from "../../../src/train/data/file-dataset.ts";
import { BatchLoader, type LoaderOptions } from "../../../src/train/data/loader.ts";
import { shuffledOrder } from "../../../src/train/data/order.ts";
import { openDataset } from "../../../src/train/node/open-dataset.ts";
import { DataFolder, niftiSource } from "./data-folder.ts";

/** Samples that say what they are and what was drawn. */
class CountingDataset implements Dataset {
  readonly imageSize = [1, 2] as const;
  readonly targets = "index" as const;
  readonly size: number;
  asked = 0;

  constructor(size: number) {
    this.size = size;
  }

  get ids() {
    return Array.from({ length: this.size }, (_, n) => `s${n}`);
  }

  get subjects() {
    return this.ids;
  }

  async sample(index: number, draw?: Draw) {
    this.asked++;
    if (index === 99) throw new UsageError("sample 99 is broken");
    return { image: Float32Array.of(index, draw?.epoch ?? -1), labels: Uint32Array.of(index, 1) };
  }
}

const options: LoaderOptions = { batch: 4, seed: 1, channels: 1, workers: 0 };

async function collect(batches: AsyncIterable<Batch>): Promise<Batch[]> {
  const all: Batch[] = [];
  for await (const batch of batches) all.push(batch);
  return all;
}

test("an epoch has every sample once, in an order that the seed and the epoch decide", async () => {
  const dataset = new CountingDataset(12);
  const idsOf = async (loader: BatchLoader, epoch: number) =>
    (await collect(loader.epoch(epoch))).flatMap(({ ids }) => ids);
  const loader = new BatchLoader(dataset, options);
  const [first, second] = [await idsOf(loader, 0), await idsOf(loader, 1)];
  expect([...first].sort()).toEqual([...dataset.ids].sort());
  expect(second).not.toEqual(first);
  expect(await idsOf(loader, 0)).toEqual(first);
  expect(await idsOf(new BatchLoader(dataset, options), 1)).toEqual(second);
  expect(await idsOf(new BatchLoader(dataset, { ...options, seed: 2 }), 0)).not.toEqual(first);
});

test("an epoch goes on from any batch as if it had never stopped", async () => {
  const dataset = new CountingDataset(20);
  const whole = await collect(new BatchLoader(dataset, options).epoch(3));
  expect(await collect(new BatchLoader(dataset, options).epoch(3, 2))).toEqual(whole.slice(2));
  const loader = new BatchLoader(dataset, options);
  for await (const batch of loader.epoch(3)) {
    expect(batch).toEqual(whole[0]);
    break;
  }
  expect(await collect(loader.epoch(3, 1))).toEqual(whole.slice(1));
  expect(await collect(loader.epoch(3, 5))).toEqual([]);
});

test("grey values are repeated per channel, labels follow their images", async () => {
  const [batch] = await collect(
    new BatchLoader(new CountingDataset(2), { ...options, batch: 2, channels: 3 }).epoch(5),
  );
  const [a, b] = batch!.ids.map((id) => Number(id.slice(1)));
  expect(batch!.images).toEqual({
    shape: [2, 3, 1, 2],
    data: Float32Array.of(a!, 5, a!, 5, a!, 5, b!, 5, b!, 5, b!, 5),
  });
  expect(batch!.labels).toEqual({ shape: [2, 1, 2], data: Uint32Array.of(a!, 1, b!, 1) });
});

test("what fills no batch is dropped, kept, or filled with rows that count nowhere", async () => {
  const dataset = new CountingDataset(6);
  const last = async (kind: "drop" | "keep" | "fill") => {
    const loader = new BatchLoader(dataset, { ...options, last: kind, training: false });
    const batches = await collect(loader.epoch(0));
    expect(batches).toHaveLength(loader.batchesPerEpoch);
    return batches.at(-1)!;
  };
  expect((await last("drop")).ids).toEqual(["s0", "s1", "s2", "s3"]);
  expect(await last("keep")).toMatchObject({ ids: ["s4", "s5"], images: { shape: [2, 1, 1, 2] } });
  const filled = await last("fill");
  expect(filled.ids).toEqual(["s4", "s5"]);
  expect(filled.images).toEqual({ shape: [4, 1, 1, 2], data: Float32Array.of(4, -1, 5, -1, 0, 0, 0, 0) });
  expect(filled.labels.data).toEqual(Uint32Array.of(4, 1, 5, 1, 255, 255, 255, 255));
});

test("it works ahead by two batches, into the next epoch too, and no further", async () => {
  const dataset = new CountingDataset(8);
  const loader = new BatchLoader(dataset, options);
  const idle = () => new Promise((resolve) => setTimeout(resolve, 20));
  const epoch = loader.epoch(0);
  await epoch.next();
  await idle();
  expect(dataset.asked).toBe(12);
  await epoch.next();
  await idle();
  expect(dataset.asked).toBe(16);
  await collect(loader.epoch(1));
  await idle();
  expect(dataset.asked).toBe(24);
  // Elsewhere than was foreseen: what was prepared is dropped, and it works ahead from there.
  await loader.epoch(7).next();
  await idle();
  expect(dataset.asked).toBe(36);
});

test("an error comes with the batch that it belongs to, and only there", async () => {
  const dataset = new CountingDataset(100);
  const loader = new BatchLoader(dataset, { ...options, training: false });
  const epoch = loader.epoch(0);
  for (let n = 0; n < 24; n++) await epoch.next();
  await expect(epoch.next()).rejects.toThrow(new UsageError("sample 99 is broken"));
  await expect(collect(loader.epoch(0, 24))).rejects.toThrow("sample 99 is broken");
  expect((await loader.epoch(0, 23).next()).value?.ids).toEqual(["s92", "s93", "s94", "s95"]);
});

test("waiting is measured", async () => {
  const dataset = new CountingDataset(4);
  const slow: Dataset = Object.assign(new CountingDataset(4), {
    sample: async (index: number) => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      return dataset.sample(index);
    },
  });
  const loader = new BatchLoader(slow, { ...options, training: false });
  await collect(loader.epoch(0));
  expect(loader.waitedMs).toBeGreaterThan(100);
});

test("options out of range, and use after dispose", async () => {
  const dataset = new CountingDataset(3);
  expect(() => new BatchLoader(dataset, { ...options, batch: 0 })).toThrow(
    new UsageError("loader: batch is 0, expected a whole number from 1 to 4096"),
  );
  expect(() => new BatchLoader(dataset, options)).toThrow(
    new UsageError("loader: got 3 samples, expected at least a batch of 4"),
  );
  expect(() => new BatchLoader(dataset, { ...options, batch: 1, workers: 2 })).toThrow(
    new UsageError("loader: got 2 workers for a dataset that threads cannot open, expected 0"),
  );
  const loader = new BatchLoader(dataset, { ...options, batch: 1 });
  const epoch = loader.epoch(0);
  await epoch.next();
  await loader.dispose();
  await expect(epoch.next()).rejects.toThrow(new UsageError("loader: used after dispose"));
});

test("samples of files that do not all fit into memory are drawn from as many as fit, the next opened in turn", () => {
  const files = Array.from({ length: 200 }, (_, n) => Math.floor(n / 20));
  const locality = { files, bytes: Array<number>(10).fill(100), budgetBytes: 350 };
  const dataset: Dataset = Object.assign(new CountingDataset(200), { locality });
  const firsts = new Set<number>();
  let filesAtFirst = 0;
  for (let epoch = 0; epoch < 20; epoch++) {
    const order = shuffledOrder(dataset, { seed: 1, epoch });
    firsts.add(files[order[0]!]!);
    filesAtFirst += new Set(order.slice(0, 10).map((index) => files[index]!)).size / 20;
    expect([...order].sort((a, b) => a - b)).toEqual(files.map((_, n) => n));
    const turns = order.map((index) => files[index]!);
    // A file is open from its first to its last sample, or, where it goes round the end, outside of the longest gap.
    const open = Array<number>(200).fill(0);
    for (let file = 0; file < 10; file++) {
      const at = turns.flatMap((turn, n) => (turn === file ? [n] : []));
      const gaps = at.map((from, n) => ((at[(n + 1) % 20]! - from + 200) % 200) - 1);
      const last = gaps.indexOf(Math.max(...gaps));
      const first = at[(last + 1) % 20]!;
      for (let n = first; ; n = (n + 1) % 200) {
        open[n]!++;
        if (n === at[last]) break;
      }
    }
    expect(Math.max(...open)).toBeLessThanOrEqual(4);
    expect(open.reduce((sum, count) => sum + count, 0) / 200).toBeGreaterThan(2);
  }
  expect(firsts.size).toBeGreaterThan(4);
  expect(filesAtFirst).toBeGreaterThan(2);
});

test("files that fit together are shuffled without regard to them", () => {
  const files = Array.from({ length: 6 }, (_, n) => Math.floor(n / 3));
  const locality = { files, bytes: [100, 100], budgetBytes: 200 };
  const dataset: Dataset = Object.assign(new CountingDataset(6), { locality });
  const epochs = 4000;
  let together = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const [first, second] = shuffledOrder(dataset, { seed: 3, epoch });
    if (files[first!] === files[second!]) together++;
  }
  // Two of the five that are left are of the same file; four standard deviations.
  expect(Math.abs(together / epochs - 0.4)).toBeLessThan(0.031);
});

test("volumes are never all in memory: the cache stays within its budget, and reads few files again", async () => {
  const folder = new DataFolder();
  // 0.375 MiB each as f32 and u16; two fit into 1 MiB.
  for (let n = 0; n < 8; n++) await folder.volume(`p${n}`, [16, 64, 64]);
  const { train } = await openDataset(
    { sources: [niftiSource], split: { validation: [] }, size: [64, 64], cacheMiB: 1 },
    { base: folder.path },
  );
  if (!(train instanceof FileDataset)) throw new Error("expected files");
  const loader = new BatchLoader(train, { ...options, batch: 8 });
  await collect(loader.epoch(0));
  await loader.dispose();
  expect(train.size).toBe(128);
  expect(train.cache.peakBytes).toBe(2 * 16 * 64 * 64 * 6);
  expect(train.cache.peakBytes).toBeLessThanOrEqual(2 ** 20);
  // Eight; those that go round the end of the epoch twice; two of the next one ahead.
  expect(train.cache.loads).toBeLessThanOrEqual(14);
});
