// `atrous evaluate` on a small network: labels that the network itself gave, so that every number is known.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { beforeAll, expect, test } from "vitest";
import { writeLabelPng, writePng } from "../../src/formats/png/index.ts";
import { readSafetensors } from "../../src/formats/safetensors/index.ts";
import { fileSource } from "../../src/formats/source/file.ts";
import { loadModel } from "../../src/models/load.ts";
import { openTrainData, readTrainConfig } from "../../src/train/index.ts";
import { type CheckpointTensor, saveCheckpoint } from "../../src/train/node/checkpoint.ts";
import { openTestGpu } from "../support/gpu.ts";
import { createRandom, uniform } from "../support/random.ts";
import { buildConfig } from "../train/config/config.ts";
import { atrous, modelPath, testFolder } from "./command.ts";

const folder = testFolder();
const file = (name: string) => join(folder, name);
const imageSize = [64, 96] as const;
const pixels = imageSize[0] * imageSize[1];
const [height, width] = imageSize;
const network = { classes: 2, width: 0.125, msff: false };
const classNames = ["background", "body"];
const source = { images: "*_img.png", labels: "*_lab.png", subject: "^(.)", classes: { "0": 0, "1": 1 } };
// a0, a1 and b0 validate; c0 is there since something has to be trained on.
const data = { size: imageSize, sources: [source], split: { validation: ["a", "b"] } };
const configPath = file("small.json");
writeFileSync(configPath, JSON.stringify({ data, network, batch: 2, classNames }));

const ids = ["a0", "a1", "b0"];
const maps: Uint8Array[] = [];

function writeLabels(labels: readonly Uint8Array[]): void {
  labels.forEach((label, i) => {
    writeFileSync(file(`${ids[i]}_lab.png`), writeLabelPng({ width, height, data: label }));
  });
}

beforeAll(async () => {
  for (const [i, id] of [...ids, "c0"].entries()) {
    const grey = Uint8Array.from(uniform(pixels, createRandom(i)), (value) => 128 + 100 * value);
    writeFileSync(file(`${id}_img.png`), writePng({ width, height, channels: 1, data: grey }));
    writeFileSync(file(`${id}_lab.png`), writeLabelPng({ width, height, data: new Uint8Array(pixels) }));
  }
  const { validation } = await openTrainData(await readTrainConfig(configPath), folder);
  expect(validation.ids).toEqual(ids);
  const gpu = await openTestGpu();
  const model = await loadModel(gpu, modelPath, { shape: [1, 3, ...imageSize], outputs: ["classes"] });
  for (const index of ids.keys()) {
    const { image } = await validation.sample(index);
    const repeated = new Float32Array(3 * pixels);
    for (let c = 0; c < 3; c++) repeated.set(image, c * pixels);
    const { classes } = await model.run({ image: { shape: [1, 3, ...imageSize], data: repeated } });
    maps.push(Uint8Array.from(classes!.data));
  }
  await model.dispose();
  await gpu.dispose();
});

function evaluate(labels: readonly Uint8Array[], ...flags: string[]) {
  writeLabels(labels);
  return atrous("evaluate", configPath, ...flags, "--adapter", process.env.ATROUS_TEST_ADAPTER ?? "auto");
}

const given = ["--weights", modelPath];

test("the network has both classes, or the numbers below would say nothing", () => {
  for (const map of maps) {
    expect(map.includes(0)).toBe(true);
    expect(map.includes(1)).toBe(true);
  }
});

test("labels of the network itself: every metric is 1, in batches that do not come out even", async () => {
  const { code, stdout } = await evaluate(maps, ...given);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^weights +weights\/goldens\/plain-w8\/model\.safetensors$/m);
  expect(stdout).toMatch(/^images +3$/m);
  expect(stdout).toMatch(/^body +1\.0000 +1\.0000 +1\.0000 +1\.0000 +0\.00 +0\.00 +1\.0000 +3$/m);
  expect(stdout).toMatch(/^mean +1\.0000/m);
});

test("JSON, CSV and a page say the same", async () => {
  // All labels of the second image turned around: nothing is right there.
  const labels = maps.map((map, i) => (i === 1 ? map.map((label) => 1 - label) : map));
  const [csv, html] = [file("images.csv"), file("report.html")];
  const { stdout } = await evaluate(labels, ...given, "--json", "--csv", csv, "--html", html);
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
  const fields = Object.fromEntries(rows[0]!.split(",").map((title, i) => [title, rows[4]!.split(",")[i]]));
  const counts = { truePositive: "0", falsePositive: `${bodies[1]}`, falseNegative: `${pixels - bodies[1]}` };
  const areas = { areaMm2: `${bodies[1]}`, truthAreaMm2: `${pixels - bodies[1]}`, rowMm: "1", columnMm: "1" };
  expect(fields).toMatchObject({ image: "a1", subject: "a", class: "1", name: "body", ...counts, ...areas, dsc: "0" });
  const [, { hausdorff95, assd, areaMm2 }] = report.images[1].classes;
  expect([fields.hausdorff95, fields.assd, fields.areaMm2]).toEqual([hausdorff95, assd, areaMm2].map(String));
  const page = parseHTML(readFileSync(html, "utf8")).document;
  expect(page.querySelector("h1")?.textContent).toBe("Evaluation of model.safetensors");
  const captions = [...page.querySelectorAll(".pictures figcaption")].map(({ textContent }) => textContent);
  expect(captions).toEqual(["a1: DSC 0.0000", "a0: DSC 1.0000", "b0: DSC 1.0000"]);
});

test("volumes have rows of their own; tolerance and what empty masks count are flags, or keys of the configuration", async () => {
  // Nothing is labelled in the first image: what the network finds there is wrong, so nothing is perfect.
  const labels = maps.map((map, i) => (i === 0 ? new Uint8Array(pixels) : map));
  const csv = file("volumes.csv");
  const flags = ["--csv-volumes", csv, "--tolerance", "2.5", "--empty-is-perfect"];
  const report = JSON.parse((await evaluate(labels, ...given, "--json", ...flags)).stdout);
  expect(report.measures).toEqual({ toleranceMm: 2.5, emptyIsPerfect: true, distancesPer: "image" });
  expect(report.images[0].spacingMm).toEqual([1, 1]);
  expect(report.images[0].classes[1]).toMatchObject({
    dsc: 0,
    recall: null,
    assd: null,
    surfaceDice: 0,
    truthAreaMm2: 0,
  });
  expect(report.images[1].classes[1]).toMatchObject({ dsc: 1, assd: 0, surfaceDice: 1 });
  expect(report.classes[1]).toMatchObject({ hausdorff95: 0, surfaceDice: 2 / 3, measured: 2 });
  const volumes = report.volumes as { id: string; slices: number; spacingMm: (number | null)[] }[];
  expect(volumes.map(({ id, slices, spacingMm }) => [id, slices, spacingMm])).toEqual([
    ["a", 2, [null, 1, 1]],
    ["b", 1, [null, 1, 1]],
  ]);
  expect(report.subjects.map(({ subject, images }: { subject: string; images: number }) => [subject, images])).toEqual([
    ["a", 2],
    ["b", 1],
  ]);
  const parts = readFileSync(csv, "utf8").trimEnd().split("\r\n").slice(1);
  expect(parts.map((row) => row.split(",").slice(0, 5).join())).toEqual([
    "a,a,1,body,whole",
    "a,a,1,body,middle",
    "b,b,1,body,whole",
    "b,b,1,body,middle",
  ]);

  const other = file("measures.json");
  const validation = { toleranceMm: 3, emptyIsPerfect: true };
  writeFileSync(other, JSON.stringify({ data, network, batch: 2, classNames, validation }));
  const adapter = ["--adapter", process.env.ATROUS_TEST_ADAPTER ?? "auto"];
  const { stdout } = await atrous("evaluate", other, ...given, "--json", ...adapter);
  expect(JSON.parse(stdout).measures).toMatchObject(validation);
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
  const place = {
    step: 1,
    epoch: 0,
    batchInEpoch: 0,
    schedule: null,
    best: null,
    validationsSinceBest: 0,
    dataDigest: "",
  };
  await saveCheckpoint(join(file("small"), "best.safetensors"), { ...place, tensors: new Map(stored) }, buildConfig());
  const { stdout } = await evaluate(maps);
  expect(stdout).toContain(join("small", "best.safetensors"));
  expect(stdout).toMatch(/^mean +1\.0000/m);
});

test("mistakes are one line that names the file or the key", async () => {
  const other = file("other.json");
  const failure = async (config: object, ...flags: string[]) => {
    writeFileSync(other, JSON.stringify({ data, ...config }));
    const { code, stderr } = await atrous("evaluate", other, ...flags);
    expect(code).toBe(2);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    return stderr;
  };
  const wide = await failure({ network: { ...network, width: 0.25 } }, ...given);
  expect(wide).toMatch(
    /model\.safetensors: does not fit the network: 173 misshapen \("conv1\.weight" got \[8, 3, 7, 7\]/,
  );
  expect(await failure({ network }, ...given, "--csv", other)).toContain(`${other}: is one of the inputs`);
  expect(await failure({ network })).toContain(join("other", "best.safetensors"));
  expect(await failure({ network: { ...network, classes: 1 } }, ...given)).toContain(
    "data: got labels of class 1, expected classes below 1, which is network.classes",
  );
  expect(await failure({ network, optimizer: { rate: "fast" } })).toBe(
    `atrous: ${other}: optimizer.rate: got "fast", expected a positive number\n`,
  );
});
