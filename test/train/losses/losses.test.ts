// Losses and their gradients against PyTorch's, which losses.py wrote beside this file.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { difference } from "../../../src/difference.ts";
import { readSafetensors } from "../../../src/formats/safetensors/index.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import type { Value } from "../../../src/graph/ir/graph.ts";
import { compile } from "../../../src/graph/run/compile.ts";
import { conv2d } from "../../../src/ops/conv/conv2d.ts";
import { mul } from "../../../src/ops/elementwise/arithmetic.ts";
import type { Tensor } from "../../../src/tensor.ts";
import { lossKinds, lossSchema } from "../../../src/train/config/losses.ts";
import { sgd } from "../../../src/train/loop/optimizers.ts";
import { compileTrainStep } from "../../../src/train/loop/train-step.ts";
import {
  bceWithLogitsLoss,
  createLoss,
  crossEntropyLoss,
  deepSupervision,
  type LossSpec,
} from "../../../src/train/losses/index.ts";
import { openTestGpu } from "../../support/gpu.ts";

/** Relative error of a loss, and relative L2 of a gradient. */
const limit = 1e-5;

const reference = await readSafetensors("test/train/losses/losses.safetensors");
const logitsOf = new Map(reference.metadata.logits!.split(";").map((entry) => entry.split("=") as [string, string]));

interface LossCase {
  readonly labels: string;
  build(b: GraphBuilder, logits: Value, labels: Value): Value;
}

function specified(spec: LossSpec, labels = "labels"): LossCase {
  return { labels, build: (b, logits, value) => createLoss(b, spec, { outputs: { logits }, labels: value }) };
}

const classWeights = [0.5, 2, 1, 1.5];

/** By the names that losses.py gives them. */
const cases: Readonly<Record<string, LossCase>> = {
  "cross-entropy": specified({ kind: "cross-entropy" }),
  "cross-entropy, weights": specified({ kind: "cross-entropy", classWeights }),
  "cross-entropy, sum": {
    labels: "labels",
    build: (b, logits, labels) => crossEntropyLoss(b, logits, labels, { classWeights, reduction: "sum" }),
  },
  "cross-entropy, logits of 1e4": specified({ kind: "cross-entropy" }),
  "cross-entropy, ignoring class 0": specified({ kind: "cross-entropy", ignoreIndex: 0 }, "clamped"),
  "cross-entropy, volume": specified({ kind: "cross-entropy" }, "volumeLabels"),
  "size-adaptive, batch": specified({ kind: "size-adaptive" }),
  "size-adaptive, image, alpha 0.5": specified({ kind: "size-adaptive", alpha: 0.5, shares: "image" }),
  "size-adaptive, table, alpha 2": specified({ kind: "size-adaptive", alpha: 2, shares: [0.7, 0.1, 0.15, 0.05] }),
  "size-adaptive, ignoring class 0": specified({ kind: "size-adaptive", ignoreIndex: 0 }, "clamped"),
  bce: specified({ kind: "bce" }),
  "bce, weights": specified({ kind: "bce", classWeights }),
  "bce, binary": specified({ kind: "bce" }, "binaryLabels"),
  "bce, targets": { labels: "targets", build: bceWithLogitsLoss },
  "bce, targets, weights": {
    labels: "targets",
    build: (b, logits, targets) => bceWithLogitsLoss(b, logits, targets, { classWeights }),
  },
  dice: specified({ kind: "dice" }),
  "dice, image, squared, weights": specified({
    kind: "dice",
    over: "image",
    squared: true,
    smoothing: 0.1,
    classWeights: [0, 1, 1, 2],
  }),
  "dice, binary": specified({ kind: "dice" }, "binaryLabels"),
  "dice, sigmoid": specified({ kind: "dice", activation: "sigmoid" }),
  focal: specified({ kind: "focal" }),
  "focal, alpha, weights": specified({ kind: "focal", gamma: 1.5, alpha: 0.25, classWeights }),
  "focal, binary": specified({ kind: "focal", alpha: 0.25 }, "binaryLabels"),
  hybrid: specified({ kind: "hybrid" }),
  "hybrid, binary, as printed": specified(
    { kind: "hybrid", alpha: 0.4, negativeAlpha: 0, gamma: 1.5, margin: 0.01, smoothing: 0.5 },
    "binaryLabels",
  ),
  partial: specified({ kind: "partial" }, "sets"),
  "partial, weights": specified({ kind: "partial", classWeights }, "sets"),
  "deep supervision, half": {
    labels: "labels",
    build: (b, logits, labels) => deepSupervision(b, [logits], labels, crossEntropyLoss, [0.5]),
  },
  "deep supervision, third": specified({ kind: "cross-entropy", weight: 0.25, output: "logits" }),
};

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu?.dispose());

test("every loss of PyTorch's file is tested", () => {
  expect(Object.keys(cases)).toEqual([...logitsOf.keys()]);
});

describe("PyTorch's loss and gradient", () => {
  for (const [name, { labels, build }] of Object.entries(cases)) {
    test(name, async () => {
      const result = await run({ logits: read(logitsOf.get(name)!), labels: read(labels) }, build);
      const loss = read(`${name}: loss`).data[0]!;
      const { shape, data: gradient } = read(`${name}: gradient`);
      expect(Math.abs(result.loss - loss) / Math.abs(loss)).toBeLessThan(limit);
      expect(difference(shape, result.gradient, gradient).relativeL2).toBeLessThan(limit);
      expect(gradient.some((value) => value !== 0)).toBe(true);
    });
  }
});

test("a configuration's losses are those of the same name, with the same defaults", async () => {
  for (const kind of lossKinds) {
    const config = lossSchema.parse({ kind });
    const inputs = { logits: read("logits"), labels: read(kind === "partial" ? "sets" : "labels") };
    const [configured, plain] = [
      await run(inputs, specified(config).build),
      await run(inputs, specified({ kind }).build),
    ];
    expect(configured, kind).toEqual(plain);
  }
});

test("where every pixel is ignored, losses and gradients are 0", async () => {
  const inputs = { logits: read("logits"), labels: read("ignored") };
  for (const kind of ["cross-entropy", "size-adaptive", "bce", "focal", "dice", "hybrid"] as const) {
    const { build } = specified({ kind });
    const { loss, gradient } = await run(inputs, build);
    expect(loss, kind).toBe(0);
    expect(
      [...gradient].every((value) => value === 0),
      kind,
    ).toBe(true);
  }
});

test("several losses of several outputs add up with their weights", async () => {
  const [x, y] = [read("logits"), read("labels")];
  const term = async (spec: LossSpec) => (await run({ logits: x, labels: y }, specified(spec).build)).loss;
  const both = await run({ logits: x, labels: y }, (b, logits, labels) =>
    createLoss(
      b,
      [
        { kind: "dice", weight: 0.5 },
        { kind: "cross-entropy", weight: 2, output: "deep" },
      ],
      { outputs: { logits, deep: logits }, labels },
    ),
  );
  // The first is of both outputs, which here are the same.
  const expected = 2 * 0.5 * (await term({ kind: "dice" })) + 2 * (await term({ kind: "cross-entropy" }));
  expect(Math.abs(both.loss - expected)).toBeLessThan(limit * expected);
});

test("where tensors are stored in f16, the losses of many pixels add up in f32", async ({ skip }) => {
  skip(!gpu.features.has("shader-f16"), "no shader-f16");
  const shape = [1, 2, 300, 300];
  const data = Float32Array.from({ length: 180_000 }, (_, i) => Math.sin(i));
  const logits = { shape, data };
  const labels = { shape: [1, 300, 300], data: Uint32Array.from({ length: 90_000 }, (_, i) => (i % 3 === 0 ? 1 : 0)) };
  const twice = (b: GraphBuilder, value: Value) => b.apply(mul, [value, value], {});
  // Gradients of a mean over so many pixels are below f16's normal numbers; what a loss scale is for.
  const weight = 1024;
  for (const kind of ["size-adaptive", "dice", "hybrid"] as const) {
    const build: LossCase["build"] = (b, x, y) => specified({ kind, weight }).build(b, twice(b, x), y);
    const wide = await run({ logits, labels }, build);
    const half = await run({ logits, labels }, build, "f16");
    expect(Math.abs(half.loss - wide.loss), kind).toBeLessThan(1e-4 * wide.loss);
    expect(difference(shape, half.gradient, wide.gradient).relativeL2, kind).toBeLessThan(5e-3);
  }
});

test("steps of training lower every loss", async () => {
  const [image, labels] = [read("logits"), read("binaryLabels")];
  const sets = { ...labels, data: labels.data.map((label) => 1 << Math.min(label, 1)) };
  for (const kind of lossKinds) {
    const b = new GraphBuilder();
    const x = b.input("image", image.shape);
    const y = b.input("labels", labels.shape, "u32");
    const logits = b.apply(conv2d, [x, b.parameter("weight", [2, 4, 1, 1])], {}, { bias: b.parameter("bias", [2]) });
    b.output("loss", createLoss(b, { kind }, { outputs: { logits }, labels: y }));
    const parameter = async (name: string) => new Float32Array(name === "bias" ? 2 : 8);
    const step = await compileTrainStep(gpu, b.build(), { optimizer: sgd({ momentum: 0.9 }), parameter });
    const losses: number[] = [];
    for (let i = 0; i < 12; i++)
      losses.push((await step.run({ image, labels: kind === "partial" ? sets : labels }, 0.05)).loss);
    await step.dispose();
    expect(losses.at(-1), kind).toBeLessThan(losses[0]!);
  }
});

test("the same run twice gives the same bits", async () => {
  const inputs = { logits: read("logits"), labels: read("labels") };
  const { build } = specified([{ kind: "size-adaptive" }, { kind: "dice" }]);
  const [first, second] = [await run(inputs, build), await run(inputs, build)];
  expect(second).toEqual(first);
});

describe("rejects", () => {
  const b = new GraphBuilder();
  const logits = b.input("logits", [2, 4, 6, 5]);
  const labels = b.input("labels", [2, 6, 5], "u32");
  const create = (spec: LossSpec) => createLoss(b, spec, { outputs: { logits }, labels });

  test("outputs that are not there", () => {
    expect(() => create({ kind: "dice", output: "deep" })).toThrow(
      'loss: the network has no output "deep", expected logits',
    );
  });

  test("no losses, and labels that are to be sets and indices at once", () => {
    expect(() => create([])).toThrow("weightedSum: got no losses, expected at least one");
    expect(() => create([{ kind: "partial" }, { kind: "dice" }])).toThrow(
      "loss: labels are sets of classes for the kind partial, which no other kind takes",
    );
  });

  test("weights and shares of other classes", () => {
    const classWeights = [1, 2];
    expect(() => create({ kind: "cross-entropy", classWeights })).toThrow(
      "loss: got 2 class weights, expected one for each of 4 classes",
    );
    expect(() => create({ kind: "focal", classWeights })).toThrow(
      "loss: got 2 class weights, expected one for each of 4 classes",
    );
    expect(() => create({ kind: "size-adaptive", shares: [0.5, 0.5, 2, 0] })).toThrow(
      "sizeAdaptiveLoss: got shares 0.5, 0.5, 2, 0, expected numbers from 0 to 1",
    );
    expect(() => create({ kind: "size-adaptive", alpha: -1 })).toThrow(
      "sizeAdaptiveLoss: alpha is -1, expected at least 0",
    );
    expect(() => create({ kind: "dice", classWeights: [0, 0, 0, 0] })).toThrow(
      "diceLoss: got class weights 0, 0, 0, 0, expected 4 with a sum above 0",
    );
  });

  test("a smoothing below 0, and another number of weights than of outputs", () => {
    expect(() => create({ kind: "dice", smoothing: -1 })).toThrow("diceLoss: smoothing is -1, expected at least 0");
    expect(() => deepSupervision(b, [logits], labels, crossEntropyLoss, [])).toThrow(
      "deepSupervision: got 0 weights, expected one for each of 1 outputs",
    );
  });
});

interface Inputs {
  readonly logits: Tensor;
  readonly labels: Tensor;
}

async function run(
  inputs: Inputs,
  build: LossCase["build"],
  precision: "f32" | "f16" = "f32",
): Promise<{ loss: number; gradient: Float32Array }> {
  const b = new GraphBuilder();
  const logits = b.input("logits", inputs.logits.shape);
  const labels = b.input("labels", inputs.labels.shape, inputs.labels.data instanceof Uint32Array ? "u32" : "f32");
  const loss = build(b, logits, labels);
  expect(loss.type).toEqual({ shape: [], dtype: "f32" });
  b.output("loss", loss);
  b.output("gradient", b.gradients(loss, [logits])[0]!);
  const parameter = () => Promise.reject(new Error("no parameters"));
  const compiled = await compile(gpu, b.build(), { parameter, precision });
  const results = await compiled.run({ ...inputs }).finally(() => compiled.dispose());
  return { loss: results.loss!.data[0]!, gradient: results.gradient!.data as Float32Array };
}

function read(name: string): Tensor {
  if (name === "clamped") {
    const { shape, data } = read("labels");
    return { shape, data: Uint32Array.from(data, (label) => Math.min(label, 3)) };
  }
  const { shape, data } = reference.tensors.get(name)!;
  if (data instanceof Uint8Array) return { shape, data: Uint32Array.from(data) };
  return { shape, data: data as Float32Array };
}
