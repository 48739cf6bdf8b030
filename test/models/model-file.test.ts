// Weights files that name their network, and all the ways in which they can be wrong.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FormatError, ShapeError } from "../../src/errors.ts";
import { readSafetensors, writeSafetensors } from "../../src/formats/safetensors/index.ts";
import { GraphBuilder } from "../../src/graph/ir/builder.ts";
import { resnet18 } from "../../src/models/encoders/resnet.ts";
import { buildModelGraph, openModelFile } from "../../src/models/model-file.ts";
import { msffResNet18 } from "../../src/models/networks/msff-resnet18.ts";
import { networks } from "../../src/models/registry.ts";

const path = "weights/goldens/msff-w8/model.safetensors";
const golden = await readSafetensors(new Uint8Array(readFileSync(path)));
const where = "(bytes in memory)";

/** The golden with other metadata; undefined drops a field. */
function withMetadata(change: Record<string, string | undefined>): Uint8Array {
  const metadata = Object.entries({ ...golden.metadata, ...change }).filter(([, value]) => value !== undefined);
  return writeSafetensors(golden.tensors, Object.fromEntries(metadata) as Record<string, string>);
}

test("a file tells its network, options, classes and preprocessing", async () => {
  const file = await openModelFile(path);
  expect(file.network).toBe(msffResNet18);
  expect(file.options).toEqual({
    classes: 2,
    width: 0.125,
    inChannels: 3,
    branchWidth: 64,
    rates: [1, 3, 5],
    pools: [2, 3],
    msff: true,
  });
  expect(file.preprocess).toMatchObject({ spacingMm: 1, normalize: "z-score", padMultiple: 32 });
  const graph = buildModelGraph(file, [2, 3, 96, 128], ["logits", "classes"]);
  expect(graph.outputs.get("logits")?.type).toEqual({ shape: [2, 2, 96, 128], dtype: "f32" });
  expect(graph.outputs.get("classes")?.type).toEqual({ shape: [2, 96, 128], dtype: "i32" });
  expect(graph.parameters.length).toBe(golden.tensors.size);
  await file.weights.close();
});

const known = networks.map(({ name }) => name).join(", ");
test.each([
  [
    "no network",
    { "atrous.network": undefined },
    `metadata has no "atrous.network", and no network is given, expected one of ${known}`,
  ],
  ["another network", { "atrous.network": "u-net" }, `metadata "atrous.network" is "u-net", expected one of ${known}`],
  [
    "options that are no JSON",
    { "atrous.options": "{classes" },
    'metadata "atrous.options" is no JSON, got "{classes"',
  ],
  [
    "options that are a list",
    { "atrous.options": "[]" },
    'metadata "atrous.options": got [], expected an object of options',
  ],
  [
    "an unknown option",
    { "atrous.options": '{"depth":3}' },
    'metadata "atrous.options": unknown option "depth", expected classes, width, inChannels, branchWidth, rates, pools, msff',
  ],
  [
    "an option out of range",
    { "atrous.options": '{"width":0}' },
    'metadata "atrous.options": option width is 0, expected a number from 0.015625 to 16',
  ],
  [
    "an option of another type",
    { "atrous.options": '{"msff":"no"}' },
    'metadata "atrous.options": option msff is "no", expected a boolean',
  ],
  [
    "a list with a fraction",
    { "atrous.options": '{"pools":[2,2.5]}' },
    'metadata "atrous.options": option pools is [2,2.5], expected a list of 1 to 64, each an integer from 1 to 1024',
  ],
  ["labels that are no list", { "atrous.labels": "{}" }, 'metadata "atrous.labels": expected a list of class names'],
  [
    "an unknown normalisation",
    { "atrous.preprocess": '{"normalize":"rank"}' },
    'metadata "atrous.preprocess": normalize is "rank", expected "z-score", "min-max", {"percentile": [low, high]}, {"window": [low, high]} or {"mean", "deviation"}',
  ],
  [
    "percentiles in the wrong order",
    { "atrous.preprocess": '{"normalize":{"percentile":[99,1]}}' },
    'metadata "atrous.preprocess": normalize is {"percentile":[99,1]}, expected "z-score", "min-max", {"percentile": [low, high]}, {"window": [low, high]} or {"mean", "deviation"}',
  ],
  [
    "a deviation of zero",
    { "atrous.preprocess": '{"normalize":{"mean":3,"deviation":0}}' },
    'metadata "atrous.preprocess": normalize is {"mean":3,"deviation":0}, expected "z-score", "min-max", {"percentile": [low, high]}, {"window": [low, high]} or {"mean", "deviation"}',
  ],
  [
    "a spacing of zero",
    { "atrous.preprocess": '{"normalize":"z-score","spacingMm":0}' },
    'metadata "atrous.preprocess": spacingMm is 0, expected a number from 0.01 to 100',
  ],
])("%s is refused", async (_, change, message) => {
  await expect(openModelFile(withMetadata(change))).rejects.toThrow(new FormatError(`${where}: ${message}`));
});

test("weights of other options are refused with the names that differ", async () => {
  const file = await openModelFile(withMetadata({ "atrous.options": '{"width":0.125,"pools":[2,3,4]}' }));
  expect(() => buildModelGraph(file, [1, 3, 160, 160], ["logits"])).toThrow(
    /^\(bytes in memory\): does not fit the network: 5 missing \("msff\.pools\.2\.conv\.weight", .*\); 1 misshapen \("msff\.project\.conv\.weight" got \[64, 48, 1, 1\], expected \[64, 56, 1, 1\]\)$/,
  );
});

test.each([
  [[1, 3, 100, 96], "msff-resnet18: the image is 100x96, expected multiples of 32"],
  [[1, 3, 64, 96], "msff-resnet18: the image is 64x96, expected at least 160x160 (32 x the largest pool)"],
])("an image of %j is refused", (shape, message) => {
  const b = new GraphBuilder();
  const options = msffResNet18.options({}, "test");
  expect(() => msffResNet18.build(b, b.input("image", shape), options)).toThrow(new ShapeError(message));
});

test("the encoder asks for torchvision's names", () => {
  const b = new GraphBuilder();
  const { layer4 } = resnet18(b, b.input("image", [1, 3, 224, 224]), 1);
  b.output("layer4", layer4);
  const parameters = new Map(b.build().parameters.map(({ name, type }) => [name, type.shape]));
  expect(layer4.type.shape).toEqual([1, 512, 7, 7]);
  // 20 convolutions, 20 batch norms of 4 tensors: torchvision's state_dict without fc and num_batches_tracked.
  expect(parameters.size).toBe(100);
  expect(parameters.get("conv1.weight")).toEqual([64, 3, 7, 7]);
  expect(parameters.get("layer2.0.downsample.0.weight")).toEqual([128, 64, 1, 1]);
  expect(parameters.get("layer4.1.bn2.running_var")).toEqual([512]);
  const count = [...parameters.values()].reduce((sum, shape) => sum + shape.reduce((a, size) => a * size, 1), 0);
  // torchvision counts 11,689,512 parameters with fc (513,000); the 9,600 running statistics are not among them.
  expect(count).toBe(11_689_512 - 513_000 + 9_600);
});
