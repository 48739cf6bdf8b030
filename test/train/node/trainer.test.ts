// The training loop: the same bits on every run, whatever kills it; what it refuses, and when it ends.
import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AtrousError, FormatError, UsageError } from "../../../src/errors.ts";
import { readSafetensors, writeSafetensors } from "../../../src/formats/safetensors/index.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { ignoreIndex } from "../../../src/segment/metrics.ts";
import { elementCount } from "../../../src/tensor.ts";
import { parseTrainConfig } from "../../../src/train/config/config.ts";
import type { Dataset } from "../../../src/train/data/dataset.ts";
import { DivergedError } from "../../../src/train/loop/loss-scale.ts";
import type { TrainEvent, TrainOptions, TrainSummary } from "../../../src/train/loop/progress.ts";
import { TrainingRun } from "../../../src/train/loop/training-run.ts";
import { loadCheckpoint, saveCheckpoint } from "../../../src/train/node/checkpoint.ts";
import { bestWeights } from "../../../src/train/node/evaluate.ts";
import { readLog } from "../../../src/train/node/log.ts";
import { train } from "../../../src/train/node/trainer.ts";
import { checkpoint } from "../../formats/pytorch/build.ts";
import { openTestGpu } from "../../support/gpu.ts";
import { createRandom } from "../../support/random.ts";
import { stepsPerEpoch, TinyTraining, tensorsOf } from "../loop/tiny-training.ts";
import { bundleTraining, startProcess, watch } from "./trainer-process.ts";

const tiny = new TinyTraining();
let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu?.dispose());

type Given = Parameters<TinyTraining["base"]>[0];
type Place = ReturnType<TinyTraining["base"]>;

interface Outcome extends Place {
  readonly summary: TrainSummary;
  readonly events: readonly TrainEvent[];
  file(name: string): string;
}

async function run(place: Place, options: Omit<TrainOptions, "base"> = {}): Promise<Outcome> {
  const events: TrainEvent[] = [];
  const onEvent = (event: TrainEvent) => {
    events.push(event);
    options.onEvent?.(event);
  };
  const summary = await train(gpu, place.config, { ...options, base: place.base, onEvent });
  return { ...place, summary, events, file: (name) => join(place.base, "run", name) };
}

/** Ends a training after some step. */
function until(step: number): Pick<TrainOptions, "onEvent" | "signal"> {
  const interruption = new AbortController();
  const onEvent = (event: TrainEvent) => {
    if (event.kind === "step" && event.step === step) interruption.abort();
  };
  return { onEvent, signal: interruption.signal };
}

const start = (given: Given = {}, options: Omit<TrainOptions, "base"> = {}) => run(tiny.base(given), options);

/** Steps in the order in which they were taken, from the log. */
async function steps({ file }: Outcome) {
  const records = await readLog(file("log.jsonl"));
  return records.flatMap((record) => (record.kind === "step" ? [record] : []));
}

describe("thirty steps", () => {
  let whole: Outcome;
  beforeAll(async () => {
    whole = await start();
  });

  test("end with the best weights, a falling loss and a report", async () => {
    const { summary, file } = whole;
    expect(summary).toMatchObject({ reason: "finished", step: 30 });
    expect(summary.files).toEqual(["last.safetensors", "best.safetensors", "log.jsonl", "report.html"].map(file));
    const losses = (await steps(whole)).map(({ loss }) => loss!);
    expect(losses).toHaveLength(30);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(losses.slice(-6))).toBeLessThan(0.7 * mean(losses.slice(0, 3)));
    expect(readFileSync(file("report.html"), "utf8")).toContain("<svg");
    const { metadata } = await readSafetensors(file("best.safetensors"));
    expect([metadata["atrous.network"], metadata["atrous.labels"]]).toEqual([
      "msff-resnet18",
      '["background","class 1"]',
    ]);
    const preprocess = { normalize: "z-score", padMultiple: 32, padValue: 0, spacingMm: 1, minSize: 32 };
    expect(JSON.parse(metadata["atrous.preprocess"]!)).toEqual(preprocess);
  });

  test("again are the same files byte for byte", async () => {
    const again = await start();
    for (const name of ["last.safetensors", "best.safetensors"]) {
      expect(readFileSync(again.file(name)).equals(readFileSync(whole.file(name))), name).toBe(true);
    }
    const other = await start({ seed: 4, epochs: 1 });
    expect(tensorsOf(other.file("last.safetensors")).names).toEqual(tensorsOf(whole.file("last.safetensors")).names);
    expect((await steps(other))[0]!.loss).not.toBe((await steps(whole))[0]!.loss);
  });

  test("interrupted within an epoch and resumed are the same", async () => {
    const place = tiny.base();
    const first = await run(place, until(5));
    expect(first.summary).toMatchObject({ reason: "interrupted", step: 5 });
    const saved = await loadCheckpoint(first.file("last.safetensors"), place.config);
    expect(saved).toMatchObject({ step: 5, epoch: 1, batchInEpoch: 5 - stepsPerEpoch });
    // At the end of an epoch too.
    const second = await run(place, { ...until(9), resume: true });
    expect(second.summary).toMatchObject({ reason: "interrupted", step: 9 });
    const last = await run(place, { resume: true });
    expect(last.summary).toMatchObject({ reason: "finished", step: 30 });
    expect(tensorsOf(last.file("last.safetensors"))).toEqual(tensorsOf(whole.file("last.safetensors")));
    const losses = (outcome: Outcome) => steps(outcome).then((taken) => taken.map(({ step, loss }) => [step, loss]));
    expect(await losses(last)).toEqual(await losses(whole));
  });

  test("whose device is lost go back to the last checkpoint and are the same", async () => {
    const losses: string[] = [];
    const onEvent = (event: TrainEvent) => {
      if (event.kind === "device-lost") losses.push(event.message);
      else if (event.kind === "step" && event.step === 17 && losses.length === 0) gpu.device.destroy();
    };
    const place = tiny.base();
    const { summary, file } = await run(place, { onEvent });
    expect(losses).toEqual([expect.stringContaining("GPU device lost")]);
    expect(summary).toMatchObject({ reason: "finished", step: 30 });
    for (const name of ["last.safetensors", "best.safetensors"]) {
      expect(tensorsOf(file(name)), name).toEqual(tensorsOf(whole.file(name)));
    }
  });

  const deviceLosses = Number(process.env.ATROUS_LOSSES ?? 1);

  test(`whose device is lost ${deviceLosses} times at random are the same`, {
    timeout: 60_000 + 15_000 * deviceLosses,
  }, async () => {
    const random = createRandom(Number(process.env.ATROUS_LOSS_SEED ?? 1));
    let [losses, givenUp, trainings] = [0, 0, 0];
    let timer: NodeJS.Timeout | undefined;
    const loseLater = () => {
      clearTimeout(timer);
      if (losses === deviceLosses) return;
      timer = setTimeout(() => {
        losses++;
        gpu.device.destroy();
      }, 1500 * random());
    };
    const onEvent = (event: TrainEvent) => {
      if (event.kind === "device-lost") loseLater();
    };
    while (losses < deviceLosses || trainings === 0) {
      const place = tiny.base();
      const last = join(place.base, "run", "last.safetensors");
      for (let isDone = false; !isDone; ) {
        loseLater();
        try {
          await run(place, { onEvent, resume: existsSync(last) });
          isDone = true;
        } catch (error) {
          // Lost again and again before it came to a checkpoint.
          expect(error).toMatchObject({ kind: "lost" });
          givenUp++;
        }
        clearTimeout(timer);
      }
      trainings++;
      for (const name of ["last.safetensors", "best.safetensors"]) {
        expect(tensorsOf(join(place.base, "run", name)), name).toEqual(tensorsOf(whole.file(name)));
      }
    }
    console.log(`${losses} losses in ${trainings} trainings, which gave up and were resumed ${givenUp} times`);
  });

  describe("in processes of their own", () => {
    let bundles: Awaited<ReturnType<typeof bundleTraining>>;
    beforeAll(async () => {
      bundles = await bundleTraining();
    });

    const kills = Number(process.env.ATROUS_KILLS ?? 3);

    test(`with two workers, killed ${kills} times, are the same`, { timeout: 60_000 + 30_000 * kills }, async () => {
      const random = createRandom(Number(process.env.ATROUS_KILL_SEED ?? 1));
      let place = tiny.base();
      for (let killed = 0, isDone = false; !isDone; ) {
        const [events, delayMs] = [1 + Math.floor(random() * 14), Math.floor(random() * 60)];
        let seen = 0;
        const child = startProcess(bundles.child, [place.path, "2"]);
        const { exit, stdout, stderr } = await watch(child, () => {
          if (++seen === events && killed < kills) setTimeout(() => child.kill("SIGKILL"), delayMs);
        });
        if (exit === "SIGKILL") {
          killed++;
          console.log(`kill ${killed}: ${delayMs} ms after event ${events}, ${await describeFolder(place)}`);
          continue;
        }
        expect([exit, stdout.trim().split("\n").at(-1)], stderr).toEqual([0, "finished"]);
        await expectWhole(place);
        console.log(`after ${killed} kills: finished, the weights are those of the uninterrupted training`);
        isDone = killed === kills;
        // Ended before it could be killed as often as was asked for.
        if (!isDone) place = tiny.base();
      }
    });

    async function describeFolder({ base }: Place): Promise<string> {
      const files = readdirSync(join(base, "run"));
      const torn = files.filter((name) => name.endsWith(".tmp")).length;
      const records = files.includes("log.jsonl") ? await readLog(join(base, "run", "log.jsonl")) : [];
      return `at step ${records.at(-1)?.step ?? 0}${torn > 0 ? ", within a write" : ""}`;
    }

    /** Its files are those of the training that nothing interrupted. */
    async function expectWhole({ base }: Place): Promise<void> {
      const file = (name: string) => join(base, "run", name);
      for (const name of ["last.safetensors", "best.safetensors"]) {
        const [got, want] = [tensorsOf(file(name)), tensorsOf(whole.file(name))];
        expect(got.names).toEqual(want.names);
        expect(got.bytes.equals(want.bytes), name).toBe(true);
      }
      expect(readdirSync(join(base, "run")).sort()).toEqual(
        ["best.safetensors", "last.safetensors", "log.jsonl", "report.html"].sort(),
      );
      const happened = async (path: string) => {
        const records = await readLog(path);
        return records
          .filter(({ kind }) => kind === "step" || kind === "validation")
          .map(({ kind, step }) => [kind, step]);
      };
      expect(await happened(file("log.jsonl"))).toEqual(await happened(whole.file("log.jsonl")));
    }

    test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
      "end with code 1 on %s, after the step under way",
      async (signal) => {
        const { path, base, config } = tiny.base({ epochs: 1000, validation: { every: 1000 } });
        const adapter = ["--adapter", process.env.ATROUS_TEST_ADAPTER ?? "auto"];
        const child = startProcess(bundles.cli, ["train", path, ...adapter]);
        const ended = watch(child);
        const log = join(base, "run", "log.jsonl");
        const asked = setInterval(() => {
          if (!existsSync(log) || !readFileSync(log, "utf8").includes('"step":4,')) return;
          clearInterval(asked);
          child.kill(signal);
        }, 50);
        const { exit, stdout, stderr } = await ended.finally(() => clearInterval(asked));
        expect(exit, stderr).toBe(1);
        const records = await readLog(log);
        expect(records.at(-1)).toMatchObject({ kind: "stop", reason: "interrupted" });
        const { step } = await loadCheckpoint(join(base, "run", "last.safetensors"), { ...config, workers: 0 });
        expect(step).toBe(records.filter(({ kind }) => kind === "step").length);
        expect(stdout).toBe(
          `interrupted after step ${step}\nwrote ${base}/run/last.safetensors\nwrote ${log}\ngo on with: atrous train ${path} --resume\n`,
        );
        expect(existsSync(join(base, "run", "training.lock"))).toBe(false);
      },
    );

    test("are refused while another process trains in the folder, and go on when it was killed", async () => {
      const place = tiny.base({ epochs: 1000, validation: { every: 1000 } });
      let outcome: Promise<unknown> | undefined;
      const child = startProcess(bundles.child, [place.path, "0"]);
      const { exit, stderr } = await watch(child, (line) => {
        if (line !== "step" || outcome) return;
        outcome = run(place, { resume: true })
          .catch((error: unknown) => error)
          .finally(() => child.kill("SIGKILL"));
      });
      expect(exit, stderr).toBe("SIGKILL");
      const error = await outcome;
      expect(error).toBeInstanceOf(UsageError);
      expect(`${error}`).toMatch(
        new RegExp(`run: process ${child.pid} on ${hostname()} trains here since \\d{4}-.*Z$`),
      );
      expect(existsSync(join(place.base, "run", "training.lock"))).toBe(true);
      const { step } = await loadCheckpoint(join(place.base, "run", "last.safetensors"), place.config);
      const { summary } = await run(place, { ...until(step + 1), resume: true });
      expect(summary).toMatchObject({ reason: "interrupted", step: step + 1 });
      expect(existsSync(join(place.base, "run", "training.lock"))).toBe(false);
    });

    test("every command ends with code 2 and one line where standard output cannot be written", async ({ skip }) => {
      skip(!existsSync("/dev/full"), "no /dev/full");
      for (const args of [
        "--version",
        "--help",
        "train --schema",
        "segment --help",
        "inspect weights/goldens/plain-w8/model.safetensors",
      ]) {
        const { status, stderr } = spawnSync(
          "sh",
          ["-c", `exec "$0" "$@" > /dev/full`, process.execPath, bundles.cli, ...args.split(" ")],
          {
            encoding: "utf8",
          },
        );
        expect([status, stderr], args).toEqual([2, "atrous: standard output: cannot be written, got ENOSPC\n"]);
      }
      const piped = spawnSync("sh", ["-c", `"$0" "$@" | true`, process.execPath, bundles.cli, "train", "--schema"], {
        encoding: "utf8",
      });
      expect([piped.status, piped.stderr]).toEqual([0, ""]);
    });
  });

  test("a folder that holds them is not trained over, and an empty one not resumed", async () => {
    await expect(run(whole)).rejects.toThrow(
      new UsageError(
        `${whole.base}/run: holds a training already; resume it (--resume), or name another output folder to start anew`,
      ),
    );
    const { base, config } = tiny.base();
    await expect(train(gpu, config, { base, resume: true })).rejects.toThrow(
      `${base}/run/last.safetensors: is not there, so there is nothing to resume`,
    );
  });
});

test("with dropout, interrupted and resumed they are the same", async () => {
  const network = { name: "fcn8s", classes: 2, width: 1 / 64, inChannels: 1 };
  const given: Given = { network, epochs: 2, validation: { every: 2 } };
  const whole = await start(given);
  const place = tiny.base(given);
  await run(place, until(2));
  const resumed = await run(place, { resume: true });
  expect(resumed.summary).toMatchObject({ reason: "finished", step: 2 * stepsPerEpoch });
  expect(tensorsOf(resumed.file("last.safetensors"))).toEqual(tensorsOf(whole.file("last.safetensors")));
  const without = await start({ ...given, network: { ...network, dropout: 0 } });
  expect((await steps(without))[0]!.loss).not.toBe((await steps(whole))[0]!.loss);
});

test("absolute paths are taken as they are", async () => {
  const { file } = await start({}, until(1));
  const elsewhere = join(tiny.base().base, "deep", "elsewhere");
  const place = tiny.base({ output: elsewhere, weights: file("last.safetensors") });
  const { summary } = await run(place, until(1));
  expect(summary.files).toEqual(["last.safetensors", "log.jsonl"].map((name) => join(elsewhere, name)));
  expect(readdirSync(place.base)).toEqual(["config.json"]);
  expect(bestWeights(place.config, place.base)).toBe(join(elsewhere, "best.safetensors"));
  // What it began with is not asked for again.
  rmSync(file("last.safetensors"));
  expect((await run(place, { ...until(2), resume: true })).summary.step).toBe(2);
});

test("more epochs go on, with the schedule of the longer training", async () => {
  const given: Given = { epochs: 2, schedule: { kind: "cosine" }, validation: { every: 1 } };
  const place = tiny.base(given);
  expect((await run(place)).summary).toMatchObject({ reason: "finished", step: 2 * stepsPerEpoch });
  const longer = { ...place, config: parseTrainConfig(tiny.config({ ...given, epochs: 4 }), place.path) };
  const resumed = await run(longer, { resume: true });
  expect(resumed.summary).toMatchObject({ reason: "finished", step: 4 * stepsPerEpoch });
  const rates = (await steps(resumed)).map(({ rate }) => rate);
  expect(rates[2 * stepsPerEpoch]).toBeCloseTo(0.005, 10);
});

test("data that was moved goes on to the same bits, other data is refused", async () => {
  const whole = await start({ epochs: 2 });
  const place = tiny.base({ epochs: 2 });
  await run(place, until(2));
  cpSync(join(tiny.folder, "data"), join(place.base, "moved"), { recursive: true });
  const { data } = tiny.config();
  const json = tiny.config({
    epochs: 2,
    data: { ...data, sources: [{ ...data.sources[0]!, folder: join(place.base, "moved") }] },
  });
  const moved = { ...place, config: parseTrainConfig(json, place.path) };
  const labels = join(place.base, "moved", "s3_1_lab.png");
  const bytes = readFileSync(labels);
  copyFileSync(join(place.base, "moved", "s2_0_lab.png"), labels);
  await expect(run(moved, { resume: true })).rejects.toThrow(
    new UsageError(
      `${place.base}/run/last.safetensors: is of other data: data.sources or data.split name other images or labels than it began with`,
    ),
  );
  writeFileSync(labels, bytes);
  const { file } = await run(moved, { resume: true });
  expect(tensorsOf(file("last.safetensors"))).toEqual(tensorsOf(whole.file("last.safetensors")));
});

describe("a training that cannot begin leaves nothing behind", () => {
  const wrong: Record<string, Given> = {
    "no weights": { weights: "none.safetensors" },
    "no data": { data: { ...tiny.config().data, sources: [{ ...tiny.config().data.sources[0]!, folder: "none" }] } },
    "images of a size that the network cannot take": {
      network: { name: "unet", classes: 2 },
      data: { ...tiny.config().data, size: [24, 24] },
    },
  } as Record<string, Given>;
  test.each(Object.entries(wrong))("%s", async (_, given) => {
    const place = tiny.base({ ...given, output: "deep/run" });
    await expect(run(place)).rejects.toThrow(AtrousError);
    expect(readdirSync(place.base)).toEqual(["config.json"]);
    mkdirSync(join(place.base, "deep", "run"), { recursive: true });
    await expect(run(place)).rejects.toThrow(AtrousError);
    expect(readdirSync(join(place.base, "deep", "run"))).toEqual([]);
  });

  test("and one that cannot go on its log", async () => {
    const place = tiny.base();
    const { file } = await run(place, until(2));
    const before = readFileSync(file("log.jsonl"));
    const bytes = readFileSync(file("last.safetensors"));
    bytes[bytes.length - 3]! ^= 16;
    writeFileSync(file("last.safetensors"), bytes);
    const failure = run(place, { resume: true });
    await expect(failure).rejects.toThrow(FormatError);
    await expect(failure).rejects.toThrow(/last\.safetensors: tensor ".*" is damaged/);
    expect(readFileSync(file("log.jsonl")).equals(before)).toBe(true);
    expect(readdirSync(join(place.base, "run")).sort()).toEqual(["last.safetensors", "log.jsonl"]);
  });
});

test("statistics that are not finite are not gone on from", async () => {
  const place = tiny.base();
  const { file } = await run(place, until(1));
  const saved = await loadCheckpoint(file("last.safetensors"), place.config);
  const mean = saved.tensors.get("bn1.running_mean")!;
  const tensors = new Map(saved.tensors).set("bn1.running_mean", { ...mean, data: mean.data.map(() => Number.NaN) });
  await saveCheckpoint(file("last.safetensors"), { ...saved, tensors }, place.config);
  await expect(run(place, { resume: true })).rejects.toThrow(
    new FormatError(
      `${file("last.safetensors")}: tensor "bn1.running_mean": element 0 is NaN, expected finite numbers to go on from`,
    ),
  );
});

test("what a killed write has left is removed when the training goes on", async () => {
  const place = tiny.base();
  const { file } = await run(place, until(1));
  const torn = file(".atrous-0123456789abcdef.tmp");
  const foreign = file("notes.tmp");
  copyFileSync(file("last.safetensors"), torn);
  writeFileSync(foreign, "mine");
  await run(place, { ...until(2), resume: true });
  expect([existsSync(torn), existsSync(foreign)]).toEqual([false, true]);
});

test("a training that diverges names the first layer, and saves nothing after", async () => {
  const place = tiny.base({ optimizer: { kind: "sgd", rate: 1e30 } });
  const failure = run(place);
  await expect(failure).rejects.toThrow(DivergedError);
  await expect(failure).rejects.toThrow(
    /^step 2: the (loss|gradient) is not finite; the first layer that is not: (conv2d|batchNormTraining) (conv|bn)1/,
  );
  const { step, tensors } = await loadCheckpoint(join(place.base, "run", "last.safetensors"), place.config);
  expect(step).toBe(0);
  expect([...tensors.values()].every(({ data }) => data.every(Number.isFinite))).toBe(true);
  const log = await readLog(join(place.base, "run", "log.jsonl"));
  expect(log.at(-1)).toMatchObject({ kind: "stop", reason: "failed" });
});

test("in f16 a layer that does not fit ends it, though the batch norm behind keeps the loss finite", async ({
  skip,
}) => {
  skip(!gpu.features.has("shader-f16"), "no shader-f16");
  const { file } = await start({}, until(1));
  const { shape } = (await readSafetensors(file("last.safetensors"))).tensors.get("conv1.weight")!;
  const train = async (weight: number) => {
    const place = tiny.base({ weights: "start.safetensors", precision: "f16" });
    const data = new Float32Array(elementCount(shape)).fill(weight);
    const weights = writeSafetensors({ "conv1.weight": { shape, data } });
    writeFileSync(join(place.base, "start.safetensors"), weights);
    return run(place, until(1));
  };
  await train(0.5);
  const failure = train(30_000);
  await expect(failure).rejects.toThrow(DivergedError);
  await expect(failure).rejects.toThrow(
    "step 1: conv2d conv1 does not fit f16, whose largest number is 65504: train in f32",
  );
});

test("early stopping ends it after validations that did not improve, resumed too", async () => {
  const given = { earlyStopping: { patience: 2 }, validation: { every: 1 }, optimizer: { rate: 1e-30 }, epochs: 40 };
  const place = tiny.base({ ...given, optimizer: { kind: "sgd", rate: 1e-30 } });
  const { summary, file } = await run(place);
  expect(summary.reason).toBe("early-stopping");
  const best = (await readLog(file("log.jsonl"))).flatMap((record) =>
    record.kind === "validation" ? [record.best] : [],
  );
  expect(best.slice(-3)).toEqual([true, false, false]);
  expect(best.join()).not.toMatch(/false,false,true/);
  const resumed = await run(place, { resume: true });
  expect(resumed.summary).toMatchObject({ reason: "early-stopping", step: summary.step });
});

test("an epoch that has exploded is never the best so far", async () => {
  const { config } = tiny.base({ epochs: 1, earlyStopping: { patience: 3, metric: "dsc" } });
  const parts = { imageSize: [32, 32], dataDigest: "", weights: undefined, checkpoint: undefined } as const;
  const taken = await TrainingRun.create(gpu, config, parts);
  try {
    const observe = (dsc: number, loss: number) => taken.observe({ mean: { dsc }, loss });
    expect([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((loss) => observe(1, loss))).toEqual([
      false,
      false,
      false,
    ]);
    expect([taken.best, taken.isStale]).toEqual([null, true]);
    expect([observe(Number.POSITIVE_INFINITY, 1), observe(Number.NaN, 1)]).toEqual([false, false]);
    expect([observe(0.25, 1), observe(0.5, Number.NaN), observe(0.375, 1)]).toEqual([true, false, true]);
  } finally {
    await taken.dispose();
  }
});

test("what is rightly empty counts in validations as the configuration says", async () => {
  const size = 32;
  const nowhere: Dataset = {
    size: 1,
    imageSize: [size, size],
    ids: ["image"],
    subjects: ["subject"],
    targets: "index",
    sample: async () => ({
      image: new Float32Array(size * size),
      labels: new Uint32Array(size * size).fill(ignoreIndex),
    }),
  };
  const found: (number | undefined)[] = [];
  for (const emptyIsPerfect of [false, true]) {
    const { config } = tiny.base({ validation: { emptyIsPerfect } });
    const parts = { imageSize: [size, size], dataDigest: "", weights: undefined, checkpoint: undefined } as const;
    const run = await TrainingRun.create(gpu, config, parts);
    found.push((await run.validate(nowhere, {})).mean.dsc);
    await run.dispose();
  }
  expect(found).toEqual([undefined, 1]);
});

describe("weights to start from", () => {
  test.each<[string, (tensors: Parameters<typeof checkpoint>[0]) => Uint8Array]>([
    ["safetensors", writeSafetensors],
    ["pth", checkpoint],
  ])("that are partial begin the rest at random, and list it: %s", async (ending, write) => {
    const { file } = await start({}, until(1));
    const { tensors } = await readSafetensors(file("last.safetensors"));
    const encoder = [...tensors].filter(([name]) => /^(conv1|bn1)\./.test(name));
    const given = encoder.map(([name, { shape, data }]) => [
      name,
      { shape, data: (data as Float32Array).map(() => 0.5) },
    ]);
    const place = tiny.base({ weights: `start.${ending}` });
    writeFileSync(join(place.base, `start.${ending}`), write(Object.fromEntries(given)));
    const first = join(place.base, "first.safetensors");
    const { onEvent, signal } = until(1);
    const { events } = await run(place, {
      ...(signal && { signal }),
      onEvent(event) {
        onEvent?.(event);
        if (event.kind === "checkpoint" && event.step === 0) copyFileSync(event.file, first);
      },
    });
    const listed = events.find((event) => event.kind === "random-weights");
    const parameters = [...tensors.keys()].filter((name) => !name.includes(":"));
    expect(listed).toMatchObject({ file: `start.${ending}` });
    expect(new Set(listed?.names)).toEqual(new Set(parameters.filter((name) => !/^(conv1|bn1)\./.test(name))));
    const { tensors: begun } = await readSafetensors(first);
    for (const name of parameters) {
      const isGiven = begun.get(name)!.data.every((value) => value === 0.5);
      expect(isGiven, name).toBe(/^(conv1|bn1)\./.test(name));
    }
    const resumed = await run(place, { ...until(2), resume: true });
    expect(resumed.events.some(({ kind }) => kind === "random-weights")).toBe(false);
  });

  test("of another network are renamed: an encoder under a prefix, folded biases as those of batch norm", async () => {
    const given: Given = {
      network: { name: "fpn", encoder: "resnet18", classes: 2, width: 1 / 16 },
      weights: {
        file: "encoder.safetensors",
        rename: [
          { match: "\\bconv(\\d)\\.bias$", to: "bn$1.bias" },
          { match: "^", to: "encoder." },
        ],
      },
      optimizer: { kind: "adam", rate: 0.01, groups: [{ match: "^encoder\\.", frozen: true }] },
      epochs: 1,
    };
    const place = tiny.base(given);
    const half = (shape: readonly number[]) => ({ shape, data: new Float32Array(elementCount(shape)).fill(0.5) });
    const weights = { "conv1.weight": half([4, 3, 7, 7]), "conv1.bias": half([4]), "fc.weight": half([10, 4]) };
    writeFileSync(join(place.base, "encoder.safetensors"), writeSafetensors(weights));
    const { events, file } = await run(place, until(2));
    const listed = events.find((event) => event.kind === "random-weights");
    expect(listed).toMatchObject({ file: "encoder.safetensors" });
    expect(listed?.names).toContain("encoder.bn1.weight");
    const { tensors } = await readSafetensors(file("last.safetensors"));
    for (const name of ["encoder.conv1.weight", "encoder.bn1.bias"]) {
      expect(listed?.names).not.toContain(name);
      expect(
        tensors.get(name)!.data.every((value) => value === 0.5),
        name,
      ).toBe(true);
    }
    const other = tiny.base(given);
    const twice = { "conv1.bias": half([4]), "bn1.bias": half([4]) };
    writeFileSync(join(other.base, "encoder.safetensors"), writeSafetensors(twice));
    await expect(run(other)).rejects.toThrow(
      'encoder.safetensors: "bn1.bias" and "conv1.bias" are both renamed to "encoder.bn1.bias"',
    );
  });

  test("that hold nothing of the network are refused", async () => {
    const place = tiny.base({ weights: "start.safetensors" });
    const other = { "fc.weight": { shape: [1], data: Float32Array.of(1) } };
    writeFileSync(join(place.base, "start.safetensors"), writeSafetensors(other));
    await expect(run(place)).rejects.toThrow(FormatError);
  });
});

test("frozen parameters and their statistics stay, and are in the checkpoint", async () => {
  const given: Given = {
    optimizer: { kind: "sgd", rate: 0.1, groups: [{ match: "^(conv1|bn1|layer\\d)\\.", frozen: true }] },
    epochs: 2,
    validation: { every: 2 },
  };
  const place = tiny.base(given);
  const first = await run(place, until(1));
  const before = await readSafetensors(first.file("last.safetensors"));
  const { summary, file } = await run(place, { resume: true });
  expect(summary.reason).toBe("finished");
  const after = await readSafetensors(file("best.safetensors"));
  const isFrozen = (name: string) => /^(conv1|bn1|layer\d)\./.test(name);
  const parameters = [...after.tensors].filter(([name]) => !name.includes(":"));
  expect(parameters.filter(([name]) => isFrozen(name)).length).toBeGreaterThan(50);
  for (const [name, { data }] of parameters) {
    const same = data.every((value, i) => value === before.tensors.get(name)!.data[i]);
    expect(same, name).toBe(isFrozen(name));
  }
});
