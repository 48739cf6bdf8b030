import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readLabelPng, readPng } from "../../src/index.ts";
import { openDataset } from "../../src/train/node/open-dataset.ts";
import { parseArguments } from "../../weights/phantom/arguments.ts";
import { createAxialPhantom } from "../../weights/phantom/axial.ts";
import { AXIAL_CLASSES } from "../../weights/phantom/axial-labels.ts";
import { drawOverview } from "../../weights/phantom/axial-overview.ts";
import { writeAxial, writeAxialDataset } from "../../weights/phantom/write-axial.ts";
import { scratchFolder } from "../support/scratch.ts";

test("an axial data set is pairs of PNG, and says that it is synthetic", async () => {
  const folder = scratchFolder();
  const options = { size: 64, slices: 1 };
  const subjects = [];
  for (const seed of [4, 5]) subjects.push(await writeAxial(seed, folder, options));
  await writeAxialDataset(subjects, folder, options);
  const stems = ["004_00", "004_01", "004_02", "005_00", "005_01", "005_02"];
  expect(readdirSync(folder)).toEqual([
    ...stems.flatMap((stem) => [`${stem}_img.png`, `${stem}_lab.png`]),
    "README.txt",
    "dataset.json",
    "overview.png",
    "split.json",
  ]);
  const { image, labels } = createAxialPhantom(5, options).slices[1]!;
  const read = (name: string) => readFileSync(join(folder, name));
  expect(readLabelPng(read("005_01_lab.png"), "labels")).toMatchObject({ width: 64, height: 64, data: labels });
  expect(Array.from(readPng(read("005_01_img.png"), "image").data)).toEqual(Array.from(image));
  expect(JSON.parse(read("dataset.json").toString())).toMatchObject({ synthetic: true, classes: AXIAL_CLASSES });
  expect(read("README.txt").toString()).toMatch(/^SYNTHETIC/);
  expect(readLabelPng(read("overview.png"), "overview")).toMatchObject({ width: 192, height: 128 });

  // The trainer reads it as README's configuration says.
  const readme = readFileSync("weights/phantom/README.md", "utf8");
  const data = /```json\n([\s\S]*?)```/.exec(readme)![1]!.replaceAll("0.7", "2.8").replace("[256, 256]", "[64, 64]");
  const opened = await openDataset(JSON.parse(data), { base: folder });
  expect(opened.classes).toBe(AXIAL_CLASSES.length);
  expect([...new Set(opened.train.subjects)]).toEqual(["004"]);
  expect([...new Set(opened.validation.subjects)]).toEqual(["005"]);
  const sample = await opened.validation.sample(opened.validation.ids.indexOf("005_01"));
  expect(Array.from(sample.labels)).toEqual(Array.from(labels));
});

test("the README's picture is seed 6, 144 pixels wide, as it is drawn today", () => {
  const drawn = readLabelPng(drawOverview(createAxialPhantom(6, { size: 144 })), "drawn");
  const shipped = readLabelPng(readFileSync("weights/phantom/axial-overview.png"), "shipped");
  expect([shipped.width, shipped.height]).toEqual([drawn.width, drawn.height]);
  expect(Buffer.compare(shipped.data, drawn.data)).toBe(0);
});

test("the generator's command line, and what it refuses", () => {
  const parse = (line: string) => parseArguments(line.split(" "));
  expect(parse("--task axial --seeds 3-5 --output here --size 128")).toEqual({
    task: "axial",
    seeds: [3, 4, 5],
    output: "here",
    options: { size: 128 },
  });
  expect(parse("--task sagittal --seeds 0 --output here --slices 12").options).toEqual({ slices: 12 });
  for (const [line, message] of [
    ["--seeds 1 --output here", "--task: got undefined, expected axial or sagittal"],
    ["--task axial --seeds 1", "--output: got none, expected a folder"],
    ["--task axial --seeds 5-3 --output here", "--seeds: got 5-3, expected FIRST or FIRST-LAST, as 1-40"],
    ["--task axial --seeds 1 --output here --size 16", "--size: got 16, expected a whole number from 32 to 2048"],
    ["--task axial --seeds 1 --output here --slices 2.5", "--slices: got 2.5, expected a whole number from 1 to 64"],
    ["--task sagittal --seeds 1 --output here --size 64", "--size: only axial slices have one"],
    ["--task axial --colour red", "Unknown option '--colour'"],
  ] as const) {
    expect(() => parse(line)).toThrow(message);
  }
});
