// Splits: no subject in two parts, the same parts for the same seed.
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { FormatError, UsageError } from "../../../src/errors.ts";
import { parseSplitFile, splitSubjects } from "../../../src/train/data/split.ts";
import { openDataset } from "../../../src/train/node/open-dataset.ts";
import { DataFolder, pngSource } from "./data-folder.ts";

const subjects = Array.from({ length: 40 }, (_, n) => `set/${n}`);

/** Several samples of each. */
const repeated = [...subjects, ...subjects, ...subjects];

test("a share of the subjects validates, drawn by the seed alone", () => {
  const parts = splitSubjects(repeated, { validation: 0.25, seed: 3 }, undefined);
  expect([...parts.values()].filter((part) => part === "validation")).toHaveLength(10);
  expect(parts.size).toBe(40);
  expect(splitSubjects([...repeated].reverse(), { validation: 0.25, seed: 3 }, undefined)).toEqual(parts);
  expect(splitSubjects(repeated, { validation: 0.25, seed: 4 }, undefined)).not.toEqual(parts);
  expect([...splitSubjects(["a", "b"], { validation: 0.01 }, undefined).values()].sort()).toEqual([
    "train",
    "validation",
  ]);
  expect([...splitSubjects(["a", "b"], { validation: 0 }, undefined).values()]).toEqual(["train", "train"]);
});

test("lists name subjects by patterns; those in no list train, unless there is a list of those too", () => {
  const split = { validation: ["set/1*"], test: ["set/2"] };
  const parts = splitSubjects(repeated, split, undefined);
  const named = (part: string) => [...parts].filter(([, value]) => value === part).map(([subject]) => subject);
  expect(named("validation")).toEqual(subjects.filter((subject) => subject.startsWith("set/1")).sort());
  expect(named("test")).toEqual(["set/2"]);
  expect(() => splitSubjects(repeated, { ...split, train: ["set/3*"] }, undefined)).toThrow(
    new UsageError("data.split: got subject set/0 in no list, expected it in one"),
  );
  expect(() => splitSubjects(repeated, { validation: ["set/1*"], test: ["set/12"] }, undefined)).toThrow(
    new UsageError("data.split: got subject set/12 in validation and test, expected one part"),
  );
});

test("a file of lists may name more than there is, but must name what there is", () => {
  const file = parseSplitFile('{"train": ["a", "z"], "val": ["b"]}', "split.json");
  expect([...splitSubjects(["b", "a"], {}, file)]).toEqual([
    ["a", "train"],
    ["b", "validation"],
  ]);
  expect(() => splitSubjects(["a", "c"], {}, file)).toThrow(
    new UsageError("split.json: got subject c in no list, expected it in one"),
  );
});

test.each([
  ["[]", "split.json: expected the lists train and val, or validation"],
  ['{"train": [], "val": [], "validation": []}', "split.json: got validation and val, expected one of them"],
  ['{"train": [1], "val": []}', "split.json: train is [1], expected a list of subjects"],
])("the file %s is refused", (text, message) => {
  expect(() => parseSplitFile(text, "split.json")).toThrow(new FormatError(message));
});

test("no subject's slices are in both parts", async () => {
  const folder = new DataFolder();
  for (let n = 0; n < 12; n++) for (const slice of [1, 2, 3]) folder.pair(`s${n % 2}/p${n}_${slice}`, [4, 4]);
  const { train, validation } = await openDataset(
    { sources: [pngSource], split: { validation: 0.3, seed: 1 }, size: [4, 4] },
    { base: folder.path },
  );
  const validating = new Set(validation.subjects);
  expect(validating.size).toBe(4);
  expect(train.subjects.filter((subject) => validating.has(subject))).toEqual([]);
  expect(train.size + validation.size).toBe(36);
});

const lumbar = process.env.ATROUS_LUMBAR_MRI ?? "";

test.skipIf(!existsSync(lumbar))("a folder of real slices with its split.json (ATROUS_LUMBAR_MRI)", async () => {
  const { train, validation } = await openDataset(
    {
      sources: [
        { images: "VB*/*_img.png", labels: "VB*/*_lab.png", subject: "^(.*)_\\d+_img", classes: { "0": 0, "1-20": 1 } },
      ],
      split: { file: "split.json" },
      size: [224, 224],
    },
    { base: lumbar },
  );
  expect(train.size).toBeGreaterThan(validation.size);
  const { labels } = await train.sample(0, { seed: 0, epoch: 0 });
  expect(Math.max(...labels)).toBeLessThan(2);
});
