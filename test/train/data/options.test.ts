// What a configuration may say: defaults, and messages that name the key.
import { expect, test } from "vitest";
import * as z from "zod";
import { UsageError } from "../../../src/errors.ts";
import { type DataOptions, dataSchema, parseDataOptions } from "../../../src/train/data/options.ts";

const source = { images: "*_img.png", labels: "*_lab.png", subject: "^(.*)_", classes: { "0": 0, "1-7": 1 } };
const least: DataOptions = { sources: [source], size: [224, 160] };

test("defaults are filled in, and what is filled in is an option again", () => {
  const resolved = parseDataOptions(least);
  expect(resolved).toEqual({
    sources: [{ folder: ".", ...source }],
    split: {},
    size: [224, 160],
    fit: "spacing",
    normalize: "z-score",
    outside: 0,
    augment: {
      crop: { probability: 1 },
      contrast: { factor: [0.75, 1.25], probability: 1 },
      brightness: { offset: 0.25, probability: 1 },
      rotation: { degrees: 10, probability: 1 },
      flip: { horizontal: 0.5, vertical: 0 },
    },
    cacheMiB: 256,
  });
  expect(parseDataOptions(resolved)).toEqual(resolved);
  expect(parseDataOptions({ ...least, augment: {} }).augment).toEqual({});
  const window = parseDataOptions({ ...least, normalize: "window" });
  expect(window.normalize).toEqual({ window: [-200, 200] });
  expect(parseDataOptions(window)).toEqual(window);
});

test.each<[string, object, string]>([
  ["a missing size", { size: undefined }, "data.size: got nothing, expected [height, width]"],
  ["a misspelt key", { siez: 1 }, "data.siez: unknown key, did you mean size?"],
  [
    "a misspelt augmentation",
    { augment: { rotaton: {} } },
    "data.augment.rotaton: unknown key, did you mean rotation?",
  ],
  [
    "a range in the wrong order",
    { augment: { scale: { factor: [1.2, 0.8] } } },
    "data.augment.scale.factor: got [1.2,0.8], expected [low, high] with 0.1 <= low <= high <= 10",
  ],
  [
    "a probability above 1",
    { augment: { blur: { probability: 2 } } },
    "data.augment.blur.probability: got 2, expected a number from 0 to 1",
  ],
  [
    "a kernel without a middle",
    { augment: { medianBlur: { kernel: 4 } } },
    "data.augment.medianBlur.kernel: got 4, expected an odd number from 3 to 15",
  ],
  [
    "an elastic deformation that folds",
    { augment: { elastic: { spacing: 10, amplitude: 5 } } },
    "data.augment.elastic.amplitude: got 5, expected below 4.89 (0.488 x spacing), so that the image does not fold over itself",
  ],
  [
    "an unknown normalisation",
    { normalize: "zscore" },
    'data.normalize: got "zscore", expected "z-score", "min-max", "window", {"percentile": [low, high]}, {"window": [low, high]} or {"within": [class, ...]}',
  ],
  [
    "a window in the wrong order",
    { normalize: { window: [200, -200] } },
    "data.normalize.window: got [200,-200], expected the lower value first",
  ],
  ["a mask of no class", { normalize: { within: [] } }, "data.normalize.within: got [], expected a list of classes"],
  [
    "an axis that is none",
    { sources: [{ ...source, volume: { axis: "oblique" } }] },
    'data.sources[0].volume.axis: got "oblique", expected "sagittal", "coronal", "axial", "i", "j" or "k", or a list of them',
  ],
  [
    "an axis twice",
    { sources: [{ ...source, volume: { axis: ["axial", "axial"] } }] },
    'data.sources[0].volume.axis: got ["axial","axial"], expected each axis once',
  ],
  [
    "a pixel size for slices that are only padded",
    { fit: "pad", spacingMm: 2 },
    'data.spacingMm: got 2, expected nothing beside fit "pad"',
  ],
  [
    "a class out of range",
    { sources: [{ ...source, classes: { "1": 255 } }] },
    "data.sources[0].classes.1: got 255, expected a whole number from 0 to 254",
  ],
  [
    "a class that is none",
    { sources: [{ ...source, classes: { "1": "bone" } }] },
    'data.sources[0].classes.1: got "bone", expected a class, a list of the classes that may be, or "ignore"',
  ],
  [
    "a label that is none",
    { sources: [{ ...source, classes: { bone: 1 } }] },
    'data.sources[0].classes.bone: got "bone", expected a label as "3", or several as "1-5"',
  ],
  [
    "a source without labels",
    { sources: [source, { ...source, labels: undefined }] },
    "data.sources[1].labels: got nothing, expected a value, or a manifest instead",
  ],
  [
    "images that are their own labels",
    { sources: [{ ...source, labels: "*_img.png" }] },
    'data.sources[0].labels: got "*_img.png", expected another pattern than images',
  ],
  [
    "a manifest beside patterns",
    { sources: [{ manifest: "list.csv", images: "*.png", classes: {} }] },
    'data.sources[0].images: got "*.png", expected nothing beside a manifest',
  ],
  [
    "a subject without a group",
    { sources: [{ ...source, subject: "^.*_" }] },
    'data.sources[0].subject: got "^.*_", expected a group that is the subject, in parentheses',
  ],
  [
    "a subject that is no regular expression",
    { sources: [{ ...source, subject: "(" }] },
    'data.sources[0].subject: got "(", expected a regular expression',
  ],
  [
    "a list to train on beside a share",
    { split: { train: ["a"] } },
    "data.split.validation: got nothing, expected a list beside the list train",
  ],
  [
    "a file beside a share",
    { split: { file: "split.json", validation: 0.2 } },
    "data.split.validation: got 0.2, expected nothing beside a file",
  ],
  [
    "a seed that draws nothing",
    { split: { validation: ["a"], seed: 1 } },
    "data.split.seed: got 1, expected a seed beside a share only",
  ],
  [
    "a pixel size for slices that are stretched",
    { fit: "stretch", spacingMm: 2 },
    'data.spacingMm: got 2, expected nothing beside fit "stretch"',
  ],
])("%s is refused by name", (_, change, message) => {
  const given = { ...least, ...change };
  expect(() => parseDataOptions(given)).toThrow(new UsageError(message));
});

test("every key is described in the JSON Schema", () => {
  const undescribed: string[] = [];
  const visit = (schema: unknown, path: string) => {
    if (typeof schema !== "object" || schema === null) return;
    const { properties, items, anyOf } = schema as { properties?: object; items?: object; anyOf?: object[] };
    for (const [key, value] of Object.entries(properties ?? {})) {
      if (!("description" in value)) undescribed.push(`${path}.${key}`);
      visit(value, `${path}.${key}`);
    }
    visit(items, `${path}[]`);
    for (const option of anyOf ?? []) visit(option, path);
  };
  visit(z.toJSONSchema(dataSchema, { io: "input" }), "data");
  expect(undescribed).toEqual([]);
});
