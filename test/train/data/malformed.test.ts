// Data that is not what it should be: the message names the file or the key.
import { expect, test } from "vitest";
import { FormatError, UsageError } from "../../../src/errors.ts";
import { writeNifti } from "../../../src/formats/nifti/index.ts";
import type { DataOptions } from "../../../src/train/data/options.ts";
import { openDataset } from "../../../src/train/node/open-dataset.ts";
import { DataFolder, niftiSource, pngSource, spaced, type VolumeChange } from "./data-folder.ts";

async function open(folder: DataFolder, change: Partial<DataOptions> = {}) {
  const options: DataOptions = { sources: [pngSource], split: { validation: [] }, size: [24, 20], ...change };
  return (await openDataset(options, { base: folder.path })).train;
}

test("an image without labels", async () => {
  const folder = new DataFolder();
  folder.pair("a_1");
  folder.write("b_1_img.png", folder.read("a_1_img.png"));
  const [labels, image] = [`${folder.path}/b_1_lab.png`, `${folder.path}/b_1_img.png`];
  await expect(open(folder)).rejects.toThrow(new FormatError(`${labels}: no such file (the labels of ${image})`));
});

test("labels of another size", async () => {
  const folder = new DataFolder();
  folder.pair("a_1", [24, 20]);
  folder.pair("b_1", [20, 24]);
  folder.write("a_1_lab.png", folder.read("b_1_lab.png"));
  await expect(open(folder)).rejects.toThrow(
    new FormatError(`${folder.path}/a_1_lab.png: is 24 x 20, expected 20 x 24 as ${folder.path}/a_1_img.png`),
  );
});

test("a label without a class", async () => {
  const folder = new DataFolder();
  folder.pair("a_1", [1, 4], Uint8Array.of(0, 1, 9, 0));
  const dataset = await open(folder, { sources: [{ ...pngSource, classes: { "0": 0, "1-7": 1 } }] });
  await expect(dataset.sample(0)).rejects.toThrow(
    new FormatError(`${folder.path}/a_1_lab.png: label 9 has no class, expected one of 0, 1-7`),
  );
});

test("a file that is no PNG, and one cut short", async () => {
  const folder = new DataFolder();
  folder.pair("a_1");
  const whole = folder.read("a_1_img.png");
  folder.write("a_1_img.png", "GIF89a");
  await expect(open(folder)).rejects.toThrow(new FormatError(`${folder.path}/a_1_img.png: not a PNG file`));
  folder.write("a_1_img.png", whole.subarray(0, 100));
  await expect((await open(folder)).sample(0)).rejects.toThrow(
    `${folder.path}/a_1_img.png: chunk IDAT leaves the file`,
  );
});

async function openVolume(change: VolumeChange) {
  const folder = new DataFolder();
  await folder.volume("p1", [4, 3, 5], change);
  const dataset = open(folder, { sources: [niftiSource] });
  return { dataset, image: `${folder.path}/p1.nii.gz`, labels: `${folder.path}/p1-labels.nii.gz` };
}

test("labels of a volume of another shape or place", async () => {
  const shape = await openVolume({ labelShape: [4, 3, 4] });
  await expect(shape.dataset).rejects.toThrow(
    new FormatError(`${shape.labels}: is 4 x 3 x 4 voxels, expected 4 x 3 x 5 as ${shape.image}`),
  );
  const place = await openVolume({ labelAffine: spaced(1, 0.6) });
  await expect(place.dataset).rejects.toThrow(
    new FormatError(
      `${place.labels}: not the grid of ${place.image}, whatever the order of axes: the first voxel lies at (0.6, 0, 0) mm, expected (0, 0, 0)`,
    ),
  );
  await expect((await openVolume({ labelAffine: spaced(1, 0.4) })).dataset).resolves.toMatchObject({ size: 4 });
});

test("voxels that are no numbers, and a label of one slice without a class", async () => {
  const image = await openVolume({
    image: (data) => {
      data[4 * 3 * 2 + 4 + 3] = Number.NaN;
    },
  });
  await expect((await image.dataset).sample(0)).rejects.toThrow(
    new FormatError(`${image.image}: voxel (3, 1, 2) is NaN, expected finite numbers`),
  );
  const labels = await openVolume({
    labels: (data) => {
      data[2] = 300;
    },
  });
  await expect((await labels.dataset).sample(1)).resolves.toBeDefined();
  await expect((await labels.dataset).sample(2)).rejects.toThrow(
    new FormatError(`${labels.labels}: slice 2: label 300 has no class, expected one of 0, 1`),
  );
});

test.each([-1, 0.5, 0.998, -0.002, 65536, Number.NaN])("a label of %d is none", async (value) => {
  const folder = new DataFolder();
  await folder.volume("p1", [4, 3, 5]);
  const shape = [4, 3, 5] as const;
  const data = new Float32Array(60);
  data[5] = value;
  folder.write("p1-labels.nii.gz", await writeNifti({ shape, data, like: { affine: spaced(1) } }, { gzip: true }));
  const dataset = await open(folder, { sources: [niftiSource] });
  const message = `voxel (1, 1, 0) is ${Math.fround(value)}, expected a whole number from 0 to 65535`;
  await expect(dataset.sample(0)).rejects.toThrow(new FormatError(`${folder.path}/p1-labels.nii.gz: ${message}`));
});

const one = new DataFolder();
one.pair("a_1");
one.write("no.json", "{");
one.write("no-list.json", "{}");
one.write("empty.json", "[]");
one.write("half.json", '[{"image":"a_1_img.png","labels":"a_1_lab.png","subject":"a"},{"image":"b.png"}]');
one.write("columns.csv", "image,label,subject\n");
one.write("mixed.csv", "image,labels,subject\na_1_img.png,a.nii.gz,a\n");
one.write("twice.csv", "image,labels,subject\na_1_img.png,a_1_lab.png,a\na_1_img.png,a_1_lab.png,a\n");

test.each<[string, Partial<DataOptions>, RegExp | string]>([
  [
    "a folder that is missing",
    { sources: [{ ...pngSource, folder: "x" }] },
    /^data\.sources\[0\]\.folder: .*x cannot be listed, got ENOENT, expected a folder$/,
  ],
  [
    "a pattern without files",
    { sources: [{ ...pngSource, images: "*.nii" }] },
    `data.sources[0].images: got *.nii, which nothing in ${one.path} matches`,
  ],
  [
    "other wildcards in labels",
    { sources: [{ ...pngSource, labels: "*_lab.png" }] },
    "data.sources[0].labels: got 1 wildcards, expected 2 as in images",
  ],
  [
    "no subject in a name",
    { sources: [{ ...pngSource, subject: "^(\\d+)_" }] },
    "data.sources[0].subject: got ^(\\d+)_, which finds no subject in a_1_img.png",
  ],
  [
    "labels twice",
    { sources: [{ ...pngSource, classes: { "0-3": 0, "2": 1 } }] },
    "data.sources[0].classes: got label 2 twice",
  ],
  [
    "labels backwards",
    { sources: [{ ...pngSource, classes: { "7-3": 0 } }] },
    "data.sources[0].classes: got the labels 7-3, expected them in order and at most 65535",
  ],
  [
    "a class without a bit",
    { sources: [{ ...pngSource, classes: { "0": [0, 1], "1": 40 } }] },
    "data: got class 40 beside labels of several classes, expected classes below 32",
  ],
  [
    "options of volumes without one",
    { sources: [{ ...pngSource, volume: {} }] },
    "data.sources[0].volume: got no NIfTI file that it applies to",
  ],
  [
    "a source given twice",
    { sources: [pngSource, pngSource] },
    `data.sources[1]: ${one.path}/a_1_img.png and ${one.path}/a_1_img.png are both called a_1`,
  ],
  [
    "nothing to train on",
    { split: { validation: ["a"] } },
    "data.split: got no subject to train on, expected at least one",
  ],
  [
    "a subject that is not there",
    { split: { validation: ["z*"] } },
    "data.split.validation: got z*, expected a subject's name",
  ],
])("%s", async (_, change, message) => {
  const opening = open(one, change);
  await expect(opening).rejects.toThrow(message);
  await expect(opening).rejects.toBeInstanceOf(UsageError);
});

test.each<[string, string, string]>([
  ["a manifest that is missing", "none.json", "none.json: no such file"],
  ["a manifest that is no JSON", "no.json", "no.json: no JSON, got Expected property name"],
  ["a manifest that is no list", "no-list.json", "no-list.json: expected a list of objects"],
  ["a manifest without entries", "empty.json", "empty.json: the list is empty, expected images"],
  ["an entry without labels", "half.json", "half.json: [1]: labels is missing, expected text"],
  [
    "a column that is missing",
    "columns.csv",
    "columns.csv: the first line is image,label,subject, expected a column labels",
  ],
  [
    "an image and labels of different kinds",
    "mixed.csv",
    "a.nii.gz: expected PNG or NIfTI files (.png, .nii, .nii.gz), image and labels alike",
  ],
  ["an image listed twice", "twice.csv", "are both called a_1_img"],
])("%s", async (_, manifest, message) => {
  const opening = open(one, { sources: [{ manifest, classes: { "0-1": 0 } }] });
  await expect(opening).rejects.toThrow(message);
});

test("a subject that would be searched for ever", async () => {
  const folder = new DataFolder();
  folder.pair("a".repeat(60));
  await expect(open(folder, { sources: [{ ...pngSource, subject: "^((a+)+)$" }] })).rejects.toThrow(
    /^data\.sources\[0\]\.subject: got "\^\(\(a\+\)\+\)\$", which searches "a{60}_img\.png" for over 2 s, expected a simpler/,
  );
});
