// The arguments of `atrous train`, with a trainer that only writes down what it is asked for.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { expect, test } from "vitest";
import type { Session } from "../../src/cli/session.ts";
import { addTrain } from "../../src/cli/train.ts";
import { UsageError } from "../../src/errors.ts";
import { readPng, writeLabelPng, writePng } from "../../src/formats/png/index.ts";
import type { Train, TrainConfig, TrainOptions, TrainSummary } from "../../src/train/index.ts";
import { data } from "../train/config/config.ts";
import { buildLog } from "../train/report/history.ts";
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

function trainerThatEnds(reason: TrainSummary["reason"]): Train {
  return async (_, config, options) => {
    calls.push({ config, options });
    for (const record of buildLog({ epochs: 2, stepsPerEpoch: 3 })) options.onEvent?.(record);
    return { reason, step: 6, bestDsc: 0.5, files: ["lumbar/best.safetensors", "lumbar/last.safetensors"] };
  };
}

function train(trainer: Train, ...argv: string[]) {
  const adapter = ["--adapter", process.env.ATROUS_TEST_ADAPTER ?? "auto"];
  const add = (program: Command, session: Session) => addTrain(program, session, async () => ({ train: trainer }));
  return runCommand(add, "train", ...argv, ...adapter);
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

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "%s asks the trainer to end, and a second one ends it",
  async (name) => {
    const listeners = () => ["SIGINT", "SIGTERM", "SIGHUP"].map((signal) => process.listenerCount(signal));
    const before = listeners();
    const trainer: Train = async (_, __, { signal }) => {
      expect(listeners()).toEqual(before.map((count) => count + 1));
      process.emit(name);
      expect(listeners()).toEqual(before);
      return { reason: signal?.aborted ? "interrupted" : "finished", step: 0, bestDsc: null, files: [] };
    };
    expect((await train(trainer, configPath)).code).toBe(1);
    expect(listeners()).toEqual(before);
  },
);

test("--schema prints the schema, without a configuration", async () => {
  const { stdout } = await train(trainerThatEnds("finished"), "--schema");
  expect(JSON.parse(stdout).properties.optimizer.description).toContain("SGD");
});

test("--preview draws and trains nothing", async () => {
  const before = calls.length;
  for (const name of ["a", "b"]) {
    const grey = Uint8Array.from({ length: 32 * 32 }, (_, p) => p % 251);
    writeFileSync(file(`${name}_1_img.png`), writePng({ width: 32, height: 32, channels: 1, data: grey }));
    writeFileSync(file(`${name}_1_lab.png`), writeLabelPng({ width: 32, height: 32, data: new Uint8Array(32 * 32) }));
  }
  const picture = file("preview.png");
  const { stdout } = await train(trainerThatEnds("finished"), configPath, "--preview", picture);
  expect(stdout).toBe(`wrote ${picture}\n`);
  expect(calls).toHaveLength(before);
  expect(readPng(new Uint8Array(readFileSync(picture)), picture).width).toBeGreaterThanOrEqual(768);
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
  await expect(train(trainerThatEnds("finished"), file("none.json"))).rejects.toThrow("none.json: no such file");
});
