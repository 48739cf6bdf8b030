// Everything that a user can get wrong ends with exit code 2 and one line that names the file or option.
import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { writeNifti } from "../../src/formats/nifti/index.ts";
import { writeLabelPng, writePng } from "../../src/formats/png/index.ts";
import { writeSafetensors } from "../../src/formats/safetensors/index.ts";
import { atrous, modelPath, testFolder } from "./command.ts";

const folder = testFolder();
const file = (name: string) => join(folder, name);
const identity = [
  [1, 0, 0, 0],
  [0, 1, 0, 0],
  [0, 0, 1, 0],
  [0, 0, 0, 1],
];

function png(width: number, height: number, value: (n: number) => number): Uint8Array {
  return writePng({
    width,
    height,
    channels: 1,
    data: Uint8Array.from({ length: width * height }, (_, n) => value(n)),
  });
}

function volume(shape: readonly [number, number, number], value: (n: number) => number): Promise<Uint8Array> {
  const data = Float32Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, n) => value(n));
  return writeNifti({ shape, data, like: { affine: identity } }, { gzip: true });
}

beforeAll(async () => {
  const ramp = (n: number) => n % 251;
  const good = await volume([4, 5, 6], ramp);
  const model = await readFile(modelPath);
  const metadata = { "atrous.network": "msff-resnet18", "atrous.options": "{}" };
  const image = { shape: [1, 3, 32, 32], data: new Float32Array(3 * 32 * 32) };
  const files: Readonly<Record<string, Uint8Array>> = {
    "good.nii.gz": good,
    "good.png": png(20, 30, ramp),
    "cut.nii.gz": good.subarray(0, good.length - 20),
    "cut.png": png(20, 30, ramp).subarray(0, 40),
    "text.nii.gz": new TextEncoder().encode("This is no volume. ".repeat(40)),
    "text.png": new TextEncoder().encode("This is no picture."),
    "empty.png": new Uint8Array(0),
    "really-png.nii.gz": png(40, 40, ramp),
    "zero.nii.gz": await volume([4, 5, 6], () => 0),
    "zero.png": png(16, 16, () => 0),
    "single.png": png(1, 1, () => 7),
    "nan.nii.gz": await volume([4, 5, 6], (n) => (n === 27 ? Number.NaN : n)),
    "wide.png": png(20_000, 2, ramp),
    "wide.nii.gz": await volume([1, 20_000, 2], ramp),
    "other-size.nii.gz": await volume([4, 5, 7], ramp),
    "colour.png": writePng({ width: 20, height: 30, channels: 3, data: new Uint8Array(1800) }),
    "small-labels.png": writeLabelPng({ width: 5, height: 5, data: new Uint8Array(25) }),
    "cut.safetensors": model.subarray(0, 5000),
    "text.safetensors": new TextEncoder().encode("not a model at all"),
    "no-metadata.safetensors": writeSafetensors({ x: image }),
    "unknown-network.safetensors": writeSafetensors({ x: image }, { "atrous.network": "alexnet" }),
    "bad-options.safetensors": writeSafetensors({ x: image }, { ...metadata, "atrous.options": '{"width": -1}' }),
    "unknown-option.safetensors": writeSafetensors({ x: image }, { ...metadata, "atrous.options": '{"depth": 3}' }),
    "other-weights.safetensors": writeSafetensors({ x: image }, metadata),
    "in.safetensors": writeSafetensors({ image }),
    "no-image.safetensors": writeSafetensors({ picture: image }),
    "two-inputs.safetensors": writeSafetensors({ image, mask: image }),
    "odd-size.safetensors": writeSafetensors({ image: { shape: [1, 3, 30, 32], data: new Float32Array(2880) } }),
    "two-channels.safetensors": writeSafetensors({ image: { shape: [1, 2, 32, 32], data: new Float32Array(2048) } }),
    "flat.safetensors": writeSafetensors({ image: { shape: [3, 32, 32], data: new Float32Array(3072) } }),
    "page.safetensors": new TextEncoder().encode("<!DOCTYPE html><html><body>Sign in</body></html>"),
    "pointer.onnx": new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"),
    "model.onnx": new Uint8Array(16),
  };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(file(name), bytes);
});

/** Command line with `@name` for a file of the folder, and what the line must say. */
type Case = readonly [what: string, line: string, message: RegExp];

const usage: readonly Case[] = [
  ["unknown command", "sgement x.png", /unknown command 'sgement' \(Did you mean segment\?\)/],
  ["unknown option", "doctor --jsn", /unknown option '--jsn'.*--json.*see atrous doctor --help/],
  ["missing argument", "inspect", /missing required argument 'MODEL'/],
  ["missing option", "run model", /required option '--input <file>' not specified/],
  ["too many arguments", "doctor now", /too many arguments/],
  ["option without value", "segment x.png -o x.png --model m --batch", /'--batch <n>' argument missing/],
  ["bad shape", "inspect m --shape 1,3,x,4", /--shape.*1,3,x,4.*1,3,512,512/],
  ["bad batch", "segment x.png --batch 0", /--batch.*'0'.*whole number/],
  ["bad axis", "segment x.png --axis up", /--axis.*up.*sagittal, i, j, k/],
  ["bad spacing", "segment x.png --spacing -1", /--spacing/],
  ["a tolerance that is none", "evaluate x.json --tolerance 0", /--tolerance.*0.01 to 100 mm/],
  ["bad truth labels", "segment x.png --truth t.png --truth-labels 5-2", /--truth-labels.*5-2/],
  ["bad precision", "run m --input a --output b --precision f8", /--precision.*f8.*f32, f16/],
];

const images: readonly Case[] = [
  ["missing image", "segment @none.nii.gz", /none\.nii\.gz: no such file/],
  ["folder for an image", "segment . -o @x.nii.gz", /\.: is a folder/],
  ["truncated volume", "segment @cut.nii.gz", /cut\.nii\.gz: bad gzip data/],
  ["truncated picture", "segment @cut.png", /cut\.png: /],
  ["text as volume", "segment @text.nii.gz", /text\.nii\.gz: not a NIfTI file/],
  ["text as picture", "segment @text.png", /text\.png: /],
  ["empty picture", "segment @empty.png", /empty\.png: /],
  ["picture named as volume", "segment @really-png.nii.gz", /really-png\.nii\.gz: /],
  ["volume without contrast", "segment @zero.nii.gz", /zero\.nii\.gz: no contrast, every pixel is 0/],
  ["picture without contrast", "segment @zero.png", /zero\.png: no contrast, every pixel is 0/],
  ["one pixel", "segment @single.png", /single\.png: no contrast, every pixel is 7/],
  ["NaN", "segment @nan.nii.gz", /nan\.nii\.gz: voxel \(3, 1, 1\) is NaN/],
  ["picture 20,000 pixels wide", "segment @wide.png", /wide\.png: bad width, got 20000, expected 1 to 16384/],
  ["volume 20,000 pixels wide", "segment @wide.nii.gz", /wide\.nii\.gz: .*20000 pixels wide, expected at most 8192/],
  ["no such volume", "segment @good.nii.gz --volume 3", /good\.nii\.gz: no such volume, got index 3/],
  ["pixel size of a volume", "segment @good.nii.gz --spacing 2", /spacing 2: .*good\.nii\.gz states its own/],
  ["a tolerance without truth", "segment @good.png --tolerance 2", /--tolerance: is given without --truth/],
  [
    "what is empty without truth",
    "segment @good.png --empty-is-perfect",
    /--empty-is-perfect: is given without --truth/,
  ],
  ["truth labels without truth", "segment @good.png --truth-labels 1", /--truth-labels: is given without --truth/],
  ["axis of a picture", "segment @good.png --axis i", /axis i: .*single picture/],
  ["mask of the wrong kind", "segment @good.nii.gz -o @mask.png", /mask\.png: .*\.nii or \.nii\.gz/],
  ["mask over the image", "segment @good.nii.gz -o @good.nii.gz", /good\.nii\.gz: is one of the inputs/],
  ["mask and overlay in one file", "segment @good.png -o @x.png --overlay @x.png", /x\.png: is to be written twice/],
  ["mask in no folder", "segment @good.nii.gz -o @none/mask.nii", /mask\.nii: cannot be written/],
  [
    "truth of another size",
    "segment @good.nii.gz --truth @other-size.nii.gz",
    /other-size\.nii\.gz: is 4 x 5 x 7 voxels/,
  ],
  ["truth of another size (PNG)", "segment @good.png --truth @small-labels.png", /small-labels\.png: is 5 x 5 pixels/],
  ["truth that is no label picture", "segment @good.png --truth @colour.png", /colour\.png: not a label image/],
  ["labels for too many classes", "segment @good.png --truth @good.png --truth-labels 1,2 --model MODEL", /2 classes/],
];

const models: readonly Case[] = [
  ["page as model", "inspect @page.safetensors", /page\.safetensors: is a web page, expected a model file/],
  ["pointer as model", "inspect @pointer.onnx", /pointer\.onnx: is a pointer of Git LFS.*git lfs pull/],
  ["name that turns text around", "inspect @a\u202eb.onnx", /a\\u202eb\.onnx: no such file/],
  ["missing model", "inspect @none.safetensors", /none\.safetensors: no such file/],
  ["truncated model", "inspect @cut.safetensors", /cut\.safetensors: /],
  ["text as model", "inspect @text.safetensors", /text\.safetensors: /],
  ["no metadata", "inspect @no-metadata.safetensors", /no-metadata\.safetensors: metadata has no "atrous\.network"/],
  ["unknown network", "inspect @unknown-network.safetensors", /"atrous\.network" is "alexnet"/],
  ["bad option", "inspect @bad-options.safetensors", /"atrous\.options": option width is -1/],
  ["unknown option of a network", "inspect @unknown-option.safetensors", /unknown option "depth"/],
  ["other weights", "inspect @other-weights.safetensors", /does not fit the network: \d+ missing .*1 unexpected/],
  ["zeros for ONNX", "inspect @model.onnx", /model\.onnx: not an ONNX model: .* \(byte 1\)/],
  ["size that the network cannot take", "inspect MODEL --shape 1,3,100,100", /100x100, expected multiples of 32/],
  [
    "model that states no preprocessing",
    "segment @good.png --model @in.safetensors",
    /in\.safetensors: metadata has no/,
  ],
];

const inputs: readonly Case[] = [
  ["missing input", "run MODEL --input @none --output @o", /none: no such file/],
  ["no image", "run MODEL --input @no-image.safetensors --output @o", /no tensor "image", got picture/],
  ["unknown input", "run MODEL --input @two-inputs.safetensors --output @o", /unknown input "mask"/],
  ["rank", "run MODEL --input @flat.safetensors --output @o", /"image" is \[3, 32, 32\], expected \[N, C, H, W\]/],
  ["size", "run MODEL --input @odd-size.safetensors --output @o", /odd-size\.safetensors: .*30x32/],
  ["channels", "run MODEL --input @two-channels.safetensors --output @o", /two-channels\.safetensors|does not fit/],
  ["output over the model", "run MODEL --input @in.safetensors --output MODEL", /is one of the inputs/],
  [
    "no adapter",
    "run MODEL --input @in.safetensors --output @o --adapter nonesuch",
    /no adapter for "nonesuch".*Install/,
  ],
];

for (const [group, cases] of Object.entries({ usage, images, models, inputs })) {
  describe(group, () => {
    test.each(cases)("%s", async (_, line, message) => {
      const argv = line
        .split(" ")
        .map((part) => (part.startsWith("@") ? file(part.slice(1)) : part === "MODEL" ? modelPath : part));
      const isSegment = argv[0] === "segment";
      if (isSegment && !argv.includes("-o"))
        argv.push("-o", file(argv[1]!.endsWith(".png") ? "out.png" : "out.nii.gz"));
      if (isSegment && !argv.includes("--model")) argv.push("--model", modelPath);
      const { code, stdout, stderr } = await atrous(...argv);
      expect(stderr).toMatch(message);
      expect(stderr).toMatch(/^atrous: [^\n]+\n$/);
      expect(stdout).toBe("");
      expect(code).toBe(2);
    });
  });
}

test("--debug adds the stack", async () => {
  const { code, stderr } = await atrous("inspect", file("none.safetensors"), "--debug");
  expect(code).toBe(2);
  expect(stderr).toMatch(/^atrous: .*no such file.*\n\s+at /);
});
