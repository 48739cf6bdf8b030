// `atrous evaluate` on a small network: labels that the network itself gave, so that every number is known.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { beforeAll, expect, test } from "vitest";
import { addEvaluate } from "../../src/cli/evaluate.ts";
import { readSafetensors } from "../../src/formats/safetensors/index.ts";
import { fileSource } from "../../src/formats/source-file.ts";
import { loadModel } from "../../src/models/load.ts";
import { type CheckpointTensor, saveCheckpoint } from "../../src/train/checkpoint-node.ts";
import type { Dataset } from "../../src/train/index.ts";
import { openTestGpu } from "../support/gpu.ts";
import { createRandom, uniform } from "../support/random.ts";
import { buildConfig, data } from "../train/config.ts";
import { modelPath, testFolder } from "./command.ts";
import { runCommand } from "./program.ts";

const folder = testFolder();
const file = (name: string) => join(folder, name);
const imageSize = [64, 96] as const;
const pixels = imageSize[0] * imageSize[1];
const network = { classes: 2, width: 0.125, msff: false };
const configPath = file("small.json");
writeFileSync(configPath, JSON.stringify({ data, network, batch: 2, classNames: ["background", "body"] }));

const images = [1, 2, 3].map((seed) => uniform(pixels, createRandom(seed)));
const maps: Uint32Array[] = [];

beforeAll(async () => {
  const gpu = await openTestGpu();
  const model = await loadModel(gpu, modelPath, { shape: [1, 3, ...imageSize], outputs: ["classes"] });
  for (const image of images) {
    const repeated = new Float32Array(3 * pixels);
    for (let c = 0; c < 3; c++) repeated.set(image, c * pixels);
    const { classes } = await model.run({ image: { shape: [1, 3, ...imageSize], data: repeated } });
    maps.push(Uint32Array.from(classes!.data));
  }
  await model.dispose();
  await gpu.dispose();
});

function datasetOf(labels: readonly Uint32Array[]): Dataset {
  return {
    size: images.length,
    imageSize,
    ids: ["first", "second", "third"],
    subjects: ["a", "a", "b"],
    targets: "index",
    sample: async (index) => ({ image: images[index]!, labels: labels[index]! }),
  };
}

function evaluate(labels: readonly Uint32Array[], ...flags: string[]) {
  const adapter = ["--adapter", process.env.ATROUS_TEST_ADAPTER ?? "auto"];
  const argv = ["evaluate", configPath, "--weights", modelPath, ...flags, ...adapter];
  return runCommand((program, session) => addEvaluate(program, session, async () => datasetOf(labels)), ...argv);
}

test("the network has both classes, or the numbers below would say nothing", () => {
  for (const map of maps) {
    expect(map.includes(0)).toBe(true);
    expect(map.includes(1)).toBe(true);
  }
});

test("labels of the network itself: every metric is 1, in batches that do not come out even", async () => {
  const { code, stdout } = await evaluate(maps);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^weights +weights\/goldens\/plain-w8\/model\.safetensors$/m);
  expect(stdout).toMatch(/^images +3$/m);
  expect(stdout).toMatch(/^body +1\.0000 +1\.0000 +1\.0000 +1\.0000 +1\.0000 +3$/m);
  expect(stdout).toMatch(/^mean +1\.0000/m);
});

test("JSON, CSV and a page say the same", async () => {
  // All labels of the second image turned around: nothing is right there.
  const labels = maps.map((map, i) => (i === 1 ? map.map((label) => 1 - label) : map));
  const [csv, html] = [file("images.csv"), file("report.html")];
  const { stdout } = await evaluate(labels, "--json", "--csv", csv, "--html", html);
  const report = JSON.parse(stdout);
  const bodies = maps.map((map) => map.filter((label) => label === 1).length) as [number, number, number];
  const right = bodies[0] + bodies[2];
  const dsc = (2 * right) / (2 * right + pixels);
  expect(report.mean.dsc).toBeCloseTo(dsc, 12);
  expect(report.classes[1]).toMatchObject({ name: "body", truePositive: right, falsePositive: bodies[1] });
  expect(report.classes[1].perImage.dsc).toBeCloseTo(2 / 3, 12);
  expect(report.images.map(({ mean }: { mean: { dsc: number } }) => mean.dsc)).toEqual([1, 0, 1]);
  const rows = readFileSync(csv, "utf8").trimEnd().split("\r\n");
  expect(rows).toHaveLength(1 + 3 * 2);
  expect(rows[4]).toBe(`second,a,1,body,0,${bodies[1]},${pixels - bodies[1]},0,0,0,0`);
  const page = parseHTML(readFileSync(html, "utf8")).document;
  expect(page.querySelector("h1")?.textContent).toBe("Evaluation of model.safetensors");
  const captions = [...page.querySelectorAll(".pictures figcaption")].map(({ textContent }) => textContent);
  expect(captions).toEqual(["second: DSC 0.0000", "first: DSC 1.0000", "third: DSC 1.0000"]);
});

test("a checkpoint is as good as weights, and the best one of the output folder is the default", async () => {
  const { tensors } = await readSafetensors(await fileSource(modelPath));
  const stored = [...tensors].flatMap(([name, { shape, data }]): [string, CheckpointTensor][] =>
    data instanceof Float32Array
      ? [
          [name, { shape, data }],
          [`momentum:${name}`, { shape, data }],
        ]
      : [],
  );
  mkdirSync(file("small"));
  const place = { step: 1, epoch: 0, batchInEpoch: 0, schedule: null, best: null, validationsSinceBest: 0 };
  await saveCheckpoint(join(file("small"), "best.safetensors"), { ...place, tensors: new Map(stored) }, buildConfig());
  const adapter = ["--adapter", process.env.ATROUS_TEST_ADAPTER ?? "auto"];
  const add = (...[program, session]: Parameters<Parameters<typeof runCommand>[0]>) =>
    addEvaluate(program, session, async () => datasetOf(maps));
  const { stdout } = await runCommand(add, "evaluate", configPath, ...adapter);
  expect(stdout).toContain(join("small", "best.safetensors"));
  expect(stdout).toMatch(/^mean +1\.0000/m);
});

test("weights of another network are refused by their names", async () => {
  writeFileSync(file("other.json"), JSON.stringify({ data, network: { ...network, width: 0.25 } }));
  const argv = ["evaluate", file("other.json"), "--weights", modelPath];
  const run = runCommand((program, session) => addEvaluate(program, session, async () => datasetOf(maps)), ...argv);
  await expect(run).rejects.toThrow(
    /model\.safetensors: does not fit the network: .* misshapen \("conv1\.weight" got \[8, 3, 7, 7\]/,
  );
});

test("an output is not written over an input", async () => {
  await expect(evaluate(maps, "--csv", configPath)).rejects.toThrow(`${configPath}: is one of the inputs`);
});
