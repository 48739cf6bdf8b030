// The arguments of `atrous train`, with a trainer that only writes down what it is asked for.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { addTrain, type Trainer } from "../../src/cli/train.ts";
import { UsageError } from "../../src/errors.ts";
import { readPng } from "../../src/formats/png/index.ts";
import type { TrainConfig, TrainOptions, TrainSummary } from "../../src/train/index.ts";
import { data } from "../train/config.ts";
import { buildLog } from "../train/history.ts";
import { testFolder } from "./command.ts";
import { runCommand } from "./program.ts";

const folder = testFolder();
const file = (name: string) => join(folder, name);
const configPath = file("lumbar.json");
writeFileSync(configPath, JSON.stringify({ data, epochs: 2, classNames: undefined }));

interface Call {
  readonly config: TrainConfig;
  readonly options: TrainOptions;
}

const calls: Call[] = [];

function trainerThatEnds(reason: TrainSummary["reason"]): Trainer {
  return {
    train: async (_, config, options) => {
      calls.push({ config, options });
      for (const record of buildLog({ epochs: 2, stepsPerEpoch: 3 })) options.onEvent?.(record);
      return { reason, step: 6, bestDsc: 0.5, files: ["lumbar/best.safetensors", "lumbar/last.safetensors"] };
    },
    preview: async (config, base, count) =>
      Array.from({ length: count }, (_, i) => ({
        id: `${base} ${config.epochs} ${i}`,
        height: 8,
        width: 8,
        grey: Float32Array.from({ length: 64 }, (_, p) => p),
        classes: new Uint8Array(64).fill(i % 3),
      })),
  };
}

function train(trainer: Trainer, ...argv: string[]) {
  const adapter = ["--adapter", process.env.ATROUS_TEST_ADAPTER ?? "auto"];
  return runCommand(
    (program, session) => addTrain(program, session, async () => trainer),
    "train",
    ...argv,
    ...adapter,
  );
}

test("the configuration, its folder and the hooks reach the trainer", async () => {
  const { code, stdout, stderr } = await train(trainerThatEnds("finished"), configPath);
  expect(code).toBe(0);
  const { config, options } = calls.at(-1)!;
  expect(config).toMatchObject({ epochs: 2, output: "lumbar" });
  expect(options).toMatchObject({ base: folder, resume: false });
  expect(options.signal?.aborted).toBe(false);
  expect(stdout).toBe(
    "finished after step 6, best mean DSC 0.5000\nwrote lumbar/best.safetensors\nwrote lumbar/last.safetensors\n",
  );
  expect(stderr).toMatch(/^training on llvmpipe.*\nstep 1\/6: epoch 1\/2, loss /);
  expect(stderr).toContain("epoch 2: mean DSC");
});

test("an interrupted training says how to go on, and goes on", async () => {
  const interrupted = await train(trainerThatEnds("interrupted"), configPath);
  expect(interrupted.code).toBe(1);
  expect(interrupted.stdout).toContain(`go on with: atrous train ${configPath} --resume`);
  await train(trainerThatEnds("finished"), configPath, "--resume");
  expect(calls.at(-1)!.options.resume).toBe(true);
});

test("Ctrl+C asks the trainer to end, and leaves no listener behind", async () => {
  const before = process.listenerCount("SIGINT");
  const trainer: Trainer = {
    ...trainerThatEnds("interrupted"),
    train: async (_, __, { signal }) => {
      process.emit("SIGINT");
      return { reason: signal?.aborted ? "interrupted" : "finished", step: 0, bestDsc: null, files: [] };
    },
  };
  expect((await train(trainer, configPath)).code).toBe(1);
  expect(process.listenerCount("SIGINT")).toBe(before);
});

test("--schema prints the schema, without a configuration", async () => {
  const { stdout } = await train(trainerThatEnds("finished"), "--schema");
  expect(JSON.parse(stdout).properties.optimizer.description).toContain("SGD");
});

test("--preview draws and trains nothing", async () => {
  const before = calls.length;
  const picture = file("preview.png");
  const { stdout } = await train(trainerThatEnds("finished"), configPath, "--preview", picture);
  expect(stdout).toBe(`wrote ${picture}\n`);
  expect(calls).toHaveLength(before);
  expect(readPng(new Uint8Array(readFileSync(picture)), picture).width).toBeGreaterThan(1000);
});

test("mistakes are told before anything is opened", async () => {
  await expect(train(trainerThatEnds("finished"))).rejects.toThrow(UsageError);
  const wrong = file("wrong.json");
  writeFileSync(wrong, JSON.stringify({ data, optimizer: { rate: "fast" } }));
  await expect(train(trainerThatEnds("finished"), wrong)).rejects.toThrow(
    `${wrong}: optimizer.rate: got "fast", expected a positive number`,
  );
  writeFileSync(wrong, "{");
  await expect(train(trainerThatEnds("finished"), wrong)).rejects.toThrow(`${wrong}: no JSON: `);
  await expect(train(trainerThatEnds("finished"), file("none.json"))).rejects.toThrow("cannot be read: ENOENT");
});
