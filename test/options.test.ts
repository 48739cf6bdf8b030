// Options of public functions: what is unknown or wrong is told, with what there is; and ordinary mistakes say what to do.
import { afterAll, beforeAll, expect, test } from "vitest";
import { UsageError } from "../src/errors.ts";
import { openGpu as openBrowserGpu } from "../src/gpu/browser.ts";
import type { Gpu } from "../src/gpu/gpu.ts";
import * as atrous from "../src/index.ts";
import { openGpu, readScan } from "../src/node.ts";
import * as training from "../src/train/index.ts";
import { openTestGpu } from "./support/gpu.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu.dispose());

/** Calls as JavaScript makes them, with no types in the way. */
type Call = (...given: unknown[]) => unknown;
const call =
  (work: unknown, ...first: unknown[]): Call =>
  (options) =>
    Reflect.apply(work as Call, undefined, [...first, options]);

async function messageOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return error instanceof Error ? error.message : "";
  }
  throw new Error("nothing was thrown");
}

function reluGraph() {
  const b = new atrous.GraphBuilder();
  b.output("y", b.apply(atrous.relu, [b.input("x", [4])], {}));
  return b.build();
}
const b = new atrous.GraphBuilder();
const [logits, labels] = [b.input("logits", [1, 2, 4, 4]), b.input("labels", [1, 4, 4], "u32")];
const bytes = new Uint8Array(400);
const volume = { shape: [1, 1, 1], data: new Uint8Array(1), like: { affine: [] } };

const functions: readonly [name: string, work: (options: unknown) => unknown, wrong: object, message: string][] = [
  ["openGpu", call(openGpu), { debug: 1 }, "openGpu: debug is 1, expected true or false"],
  [
    "loadModel",
    (o) => call(atrous.loadModel, gpu, bytes)(o),
    { precision: "fp32" },
    'loadModel: precision is "fp32", expected one of f32, f16',
  ],
  [
    "compile",
    (o) => call(atrous.compile, gpu, reluGraph())(o),
    { keepFull: "conv1" },
    'compile: keepFull is "conv1", expected a list of names',
  ],
  ["tune", (o) => call(atrous.tune, gpu, reluGraph())(o), { rounds: "5" }, 'tune: rounds is "5", expected a number'],
  [
    "createSegmenter",
    (o) => call(atrous.createSegmenter, gpu, bytes)(o),
    { tune: 1 },
    "createSegmenter: tune is 1, expected true or false or an object",
  ],
  [
    "compileTrainStep",
    (o) => call(atrous.compileTrainStep, gpu, reluGraph())(o),
    { recompute: "some" },
    'compileTrainStep: recompute is "some", expected one of none, auto or a number',
  ],
  ["sgd", call(atrous.sgd), { nesterov: "yes" }, 'sgd: nesterov is "yes", expected true or false'],
  ["adam", call(atrous.adam), { betas: 0.9 }, "adam: betas is 0.9, expected a list of numbers"],
  ["adamw", call(atrous.adamW), { eps: null }, "adamw: eps is null, expected a number"],
  [
    "crossEntropyLoss",
    call(atrous.crossEntropyLoss, b, logits, labels),
    { reduction: "none" },
    'crossEntropyLoss: reduction is "none", expected one of mean, sum',
  ],
  [
    "partialLabelLoss",
    call(atrous.partialLabelLoss, b, logits, labels),
    { classWeights: 1 },
    "partialLabelLoss: classWeights is 1, expected a list of numbers",
  ],
  [
    "sizeAdaptiveLoss",
    call(atrous.sizeAdaptiveLoss, b, logits, labels),
    { shares: "all" },
    'sizeAdaptiveLoss: shares is "all", expected one of batch, image or a list of numbers',
  ],
  [
    "focalLoss",
    call(atrous.focalLoss, b, logits, labels),
    { gamma: "2" },
    'focalLoss: gamma is "2", expected a number',
  ],
  [
    "bceWithLogitsLoss",
    call(atrous.bceWithLogitsLoss, b, logits, labels),
    { ignoreIndex: "255" },
    'bceWithLogitsLoss: ignoreIndex is "255", expected a number',
  ],
  [
    "diceLoss",
    call(atrous.diceLoss, b, logits, labels),
    { over: "volume" },
    'diceLoss: over is "volume", expected one of batch, image',
  ],
  [
    "hybridLoss",
    call(atrous.hybridLoss, b, logits, labels),
    { margin: true },
    "hybridLoss: margin is true, expected a number",
  ],
  [
    "importOnnx",
    call(atrous.importOnnx, bytes),
    { shape: "1,1,4,4" },
    'importOnnx: shape is "1,1,4,4", expected a list of numbers',
  ],
  [
    "runParity",
    (o) => call(atrous.runParity, gpu, bytes, bytes)(o),
    { precision: "half" },
    'runParity: precision is "half", expected one of f32, f16',
  ],
  ["readNifti", call(atrous.readNifti, bytes, "scan"), { volume: "0" }, 'readNifti: volume is "0", expected a number'],
  ["writeNifti", call(atrous.writeNifti, volume), { gzip: 6 }, "writeNifti: gzip is 6, expected true or false"],
  ["writePng", call(atrous.writePng), { channels: "3" }, 'writePng: channels is "3", expected a number'],
  ["writeLabelPng", call(atrous.writeLabelPng), { palette: "red" }, 'writeLabelPng: palette is "red", expected a list'],
  ["readScan", call(readScan, "scan.nii"), { axis: "x" }, 'readScan: axis is "x", expected one of sagittal, i, j, k'],
  ["train", call(training.train, undefined, {}), { resume: 1 }, "train: resume is 1, expected true or false"],
  [
    "evaluate",
    call(training.evaluate, undefined, {}),
    { overlays: "all" },
    'evaluate: overlays is "all", expected true or false',
  ],
  [
    "previewSamples",
    call(training.previewSamples, {}),
    { count: "4" },
    'previewSamples: count is "4", expected a number',
  ],
  [
    "validate",
    call(training.validate, () => undefined, {}),
    { batch: "4" },
    'validate: batch is "4", expected a number',
  ],
  ["readPng", call(atrous.readPng, bytes, "image"), { maxSide: "9" }, 'readPng: maxSide is "9", expected a number'],
];

test.each(functions)("%s refuses unknown and wrong options", async (name, work, wrong, message) => {
  expect(await messageOf(() => work({ adaptr: 1 }))).toMatch(
    new RegExp(`^${name}: unknown option "adaptr", expected [a-zA-Z]`),
  );
  expect(await messageOf(() => work(wrong))).toBe(message);
});

test("options of a run, and its inputs", async () => {
  const compiled = await atrous.compile(gpu, reluGraph(), { parameter: async () => new Float32Array() });
  const run: Call = (...given) => Reflect.apply(compiled.run, compiled, given);
  const x = { shape: [4], data: new Float32Array(4) };
  const small = gpu.createBuffer(8, 0x80, "small");
  const idle = gpu.createBuffer(16, 0x40, "idle");
  const cases: readonly [unknown[], string][] = [
    [[{ x }, { signal: 1 }], 'run: unknown option "signal", expected into'],
    [[], "run: got undefined, expected inputs by name: x"],
    [[{ x: x.data }], 'run: input "x" is a Float32Array, expected { shape: [4], data } or { shape, buffer }'],
    [
      [{ x: { shape: [4], data: new Float32Array(new SharedArrayBuffer(16)) } }],
      'run: input "x" has data in a SharedArrayBuffer, expected an ArrayBuffer: give data.slice()',
    ],
    [[{ x: { shape: [4], buffer: small } }], 'run: input "x": buffer "small" has 8 bytes, expected at least 16'],
    [
      [{ x: { shape: [4], buffer: idle } }],
      'run: input "x": buffer "idle" has usage UNIFORM, expected STORAGE or COPY_SRC',
    ],
    [[{ x }, { into: { y: idle } }], 'run: output "y": buffer "idle" has usage UNIFORM, expected STORAGE or COPY_DST'],
  ];
  for (const [given, message] of cases) expect(await messageOf(() => run(...given))).toBe(message);
  gpu.destroyBuffer(small);
  gpu.destroyBuffer(idle);
  await compiled.dispose();
});

test("what is no Gpu, no file, no bytes", async () => {
  const load = (...given: unknown[]) => messageOf(() => Reflect.apply(atrous.loadModel, undefined, given));
  expect(await load(gpu.device, bytes)).toBe(
    "loadModel: got a GPUDevice in place of a Gpu, expected that of `await openGpu({ device })`",
  );
  const rest = "expected a path, a URL, a Blob, a Uint8Array or an ArrayBuffer";
  expect(await load(gpu, undefined)).toBe(`a file: got undefined, ${rest}`);
  expect(await load(gpu, new Response("x"))).toBe("a file: got a Response, expected `await response.blob()`");
  expect(await load(gpu, new Blob(["x"]).stream())).toBe(
    "a file: got a ReadableStream, expected `await new Response(stream).blob()`",
  );
  await expect(atrous.loadModel(gpu, new TextEncoder().encode("<!doctype html>"), { shape: [1] })).rejects.toThrow(
    "(bytes in memory): is a web page, expected a model file: the server answered with a page, check the address",
  );
  expect(await messageOf(() => openBrowserGpu())).toBe("openGpu: this is Node, expected the openGpu of atrous/node");
  expect(await messageOf(() => call(atrous.readNifti, "scan.nii")("scan.nii"))).toBe(
    'readNifti: got "scan.nii", expected a Uint8Array or an ArrayBuffer',
  );
});

test("gradientGraph takes a list of names", async () => {
  expect(await messageOf(() => call(atrous.gradientGraph, reluGraph())({ of: ["y"] }))).toBe(
    "gradientGraph: got an Object, expected a list of names of outputs",
  );
});
