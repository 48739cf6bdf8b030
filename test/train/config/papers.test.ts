// The configurations of weights/training/papers: each is read, and what it trains is built.
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import stripJsonComments from "strip-json-comments";
import { expect, test } from "vitest";
import { FormatError } from "../../../src/errors.ts";
import type { TrainConfig } from "../../../src/train/config/config.ts";
import { rateAt } from "../../../src/train/loop/schedule.ts";
import { createTrainingGraph } from "../../../src/train/loop/training-graph.ts";
import { lossGraph, optimizerOf } from "../../../src/train/loop/training-run.ts";
import { readTrainConfig } from "../../../src/train/node/read-config.ts";
import { scratchFolder } from "../../support/scratch.ts";

const folder = "weights/training/papers";
const read = (name: string) => readTrainConfig(`${folder}/${name}.jsonc`);

/** As `TrainingRun` makes it, with the groups by their numbers. */
function trainingGraph(config: TrainConfig) {
  const groups = config.optimizer.groups.map(({ match, frozen }) => ({ match: new RegExp(match), frozen }));
  const group = (name: string) => {
    const found = groups.findIndex(({ match }) => match.test(name));
    if (found >= 0 && groups[found]!.frozen) return "frozen" as const;
    return found < 0 ? groups.length : found;
  };
  const graph = lossGraph(config, config.data.size);
  return createTrainingGraph(graph, { optimizer: optimizerOf(config.optimizer), groups: groups.length + 1, group });
}

test.each([
  ["lumbar-msff", "sgdUpdate", 20_000_000],
  ["anu-net-liver", "adamUpdate", 9_000_000],
  ["cervical-thesis", "adamUpdate", 32_000_000],
  ["prostate-deeplabv3plus", "adamUpdate", 40_000_000],
])("%s is read, and its training is built at full width", async (name, operator, least) => {
  const config = await read(name);
  expect(config.output).toBe(name);
  const { graph, weights } = trainingGraph(config);
  expect(graph.inputs.map(({ name: input }) => input)).toEqual(["images", "labels", "settings", "lossScale"]);
  expect(graph.nodes.some((node) => node.operator.name === operator)).toBe(true);
  const trained = weights.shapes.reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
  expect(trained).toBeGreaterThan(least * 0.5);
  expect(trained).toBeLessThan(least * 1.5);
});

test("every file of the folder is among them", () => {
  expect(readdirSync(folder).sort()).toEqual([
    "anu-net-liver.jsonc",
    "cervical-thesis.jsonc",
    "lumbar-msff.jsonc",
    "prostate-deeplabv3plus.jsonc",
  ]);
});

test("they are what the papers say", async () => {
  const lumbar = await read("lumbar-msff");
  const rates = [0, 79, 80, 99].map((epoch) =>
    rateAt(lumbar.schedule, lumbar.optimizer.rate, null, { step: 0, epoch }),
  );
  rates.forEach((rate, i) => {
    expect(rate).toBeCloseTo([1e-3, 1e-3, 1e-4, 1e-4][i]!, 12);
  });
  const prostate = await read("prostate-deeplabv3plus");
  const halved = [0, 49, 50, 999].map((epoch) => rateAt(prostate.schedule, 1e-4, null, { step: 0, epoch }));
  expect(halved).toEqual([1e-4, 1e-4, 5e-5, 1e-4 * 0.5 ** 19]);
  // What the network convolves with is decayed, nothing else is.
  const graph = lossGraph(prostate, [256, 256]);
  const convolved = new Set(
    graph.nodes.filter(({ operator }) => /conv/i.test(operator.name)).map(({ inputs }) => inputs[1]!.name),
  );
  const exempt = new RegExp(prostate.optimizer.groups[0]!.match);
  const decayed = graph.parameters.map(({ name }) => name).filter((name) => !exempt.test(name));
  expect(new Set(decayed)).toEqual(convolved);
  expect(convolved.size).toBeGreaterThan(100);
  const thesis = await read("cervical-thesis");
  expect([thesis.earlyStopping, thesis.data.normalize]).toEqual([{ patience: 7, metric: "loss" }, { within: [1] }]);
  const { flip, ...others } = thesis.data.augment;
  expect(Object.keys(others).sort()).toEqual([
    "blur",
    "elastic",
    "meanBlur",
    "motionBlur",
    "noise",
    "rotation",
    "scale",
    "shift",
  ]);
  expect(flip).toEqual({ horizontal: 0.5, vertical: 0 });
  for (const options of Object.values(others)) expect(options).toMatchObject({ probability: 0.5 });
  const anu = await read("anu-net-liver");
  expect([anu.losses[0]!.kind, anu.data.normalize]).toEqual(["hybrid", { window: [-200, 200] }]);
});

test("comments become spaces, and what strings hold stays", () => {
  const text = '{ // one\n "a//b": "/* no */ \\" // no", /* two\n lines */ "c": 1 }';
  const plain = stripJsonComments(text);
  expect(plain).toHaveLength(text.length);
  expect(plain.split("\n").map((line) => line.length)).toEqual(text.split("\n").map((line) => line.length));
  expect(JSON.parse(plain)).toEqual({ "a//b": '/* no */ " // no', c: 1 });
  for (const same of ["", '{"a": 1}', '"open', "/* open", "/*/", "a / b", '"\\', "/"])
    expect(stripJsonComments(same)).toBe(same);
  expect(stripJsonComments("//")).toBe("  ");
  const long = `${"/".repeat(1e6)}\n${'"\\"'.repeat(1e6)}`;
  expect(stripJsonComments(long).slice(0, 3)).toBe("   ");
});

test("a file whose comment does not end is no JSON", async () => {
  const path = join(scratchFolder(), "config.json");
  writeFileSync(path, '{ "epochs": 3 /* many }');
  await expect(readTrainConfig(path)).rejects.toThrow(FormatError);
  await expect(readTrainConfig(path)).rejects.toThrow(/config\.json: no JSON: /);
});
