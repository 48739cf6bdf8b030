// Steps of training beside other engines: those that train compute the same steps, and what does not is never timed.
// A peer whose package does not load here is skipped, with the reason on the screen.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { PeerName } from "../../bench/measure.ts";
import { trainers } from "../../bench/peers/index.ts";
import { createTrainingData, trainingCase, trainingCases } from "../../bench/training/case.ts";
import { compareSteps, type FirstSteps, measureTraining } from "../../bench/training/measure.ts";
import { createAtrousTrainer } from "../../bench/training/trainer.ts";
import { difference } from "../../src/difference.ts";
import { UsageError } from "../../src/errors.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import type { GraphBuilder } from "../../src/graph/ir/builder.ts";
import type { Value } from "../../src/graph/ir/graph.ts";
import { conv, convTranspose, norm, normRelu } from "../../src/models/blocks/layers.ts";
import { add, averagePool2d, concat, maxPool2d, relu, resize2d } from "../../src/ops/index.ts";
import { openTestGpu } from "../support/gpu.ts";

let gpu: Gpu;

beforeAll(async () => {
  gpu = await openTestGpu();
});

afterAll(async () => {
  await gpu?.dispose();
});

/** Every operator of MSFF-ResNet18, so small that jax-js compiles it in seconds. */
function everyOperator(b: GraphBuilder, image: Value): Value {
  const stem = normRelu(b, "bn1", conv(b, "conv1", image, { kernel: 3, outChannels: 4, stride: 2, padding: 1 }));
  const pooled = b.apply(maxPool2d, [stem], { kernel: 3, stride: 2, padding: 1 });
  const spread = norm(b, "bn2", conv(b, "depthwise", pooled, { kernel: 3, outChannels: 4, groups: 4, padding: 1 }));
  const sum = b.apply(relu, [b.apply(add, [spread, pooled], {})], {});
  const coarse = b.apply(averagePool2d, [sum], { kernel: 2, stride: 2 });
  const fine = b.apply(resize2d, [coarse], { size: [3, 5], mode: "bilinear" });
  const joined = b.apply(concat, [sum, fine], {});
  const doubling = { kernel: 3, stride: 2, padding: 1, outputPadding: 1, bias: true };
  const up = convTranspose(b, "up1", joined, { outChannels: 4, ...doubling });
  return convTranspose(b, "up2", b.apply(relu, [up], {}), { outChannels: 2, ...doubling });
}

const title = { group: "test", name: "every operator" };

for (const [name, create] of Object.entries(trainers)) {
  test(`${name} takes the steps that atrous takes`, { timeout: 300_000 }, async (context) => {
    const entry = trainingCase(title, [2, 3, 12, 20], everyOperator);
    const data = createTrainingData(entry);
    const parameters = entry.network.parameters.map(async ({ name: key }) => [key, await data.parameter(key)] as const);
    const given = new Map(await Promise.all(parameters));
    const trainer = await create(entry, data).catch((error) => {
      if (error instanceof UsageError) return context.skip(error.message);
      throw error;
    });
    const { row } = await measureTraining(gpu, entry, { rounds: 1, peers: [name as PeerName], peaks: null });
    const { [name]: peer } = row.peers;
    if (!peer || "problem" in peer) throw new Error(`${name}: ${peer?.problem}`);
    expect(peer.relativeL2).toBeLessThanOrEqual(1e-4);
    expect(row.problem).toBeUndefined();
    expect(row.ratio).toBeGreaterThan(0);
    const { losses, uploaded, peakBytes } = row.training!;
    for (const engine of ["atrous", name]) {
      expect(losses[engine]).toHaveLength(3);
      expect(uploaded[engine]!.medianMs).toBeGreaterThan(0);
      expect(peakBytes[engine]).toBeGreaterThan(data.image.byteLength);
    }
    const [first, , third] = losses.atrous!;
    expect(first! - third!, "so much that a loss that stands still is seen").toBeGreaterThan(2e-3 * first!);

    const ours = await createAtrousTrainer(gpu, entry, data);
    for (let step = 0; step < 3; step++) for (const each of [ours, trainer]) await each.step("host");
    const own = await ours.parameters();
    for (const [key, values] of await trainer.parameters()) {
      const moved = [values, own.get(key)!].map((after) => after.map((value, i) => value - given.get(key)![i]!));
      expect(difference([values.length], moved[0]!, moved[1]!).relativeL2, key).toBeLessThanOrEqual(1e-2);
    }
    await trainer.dispose();
    await ours.dispose();
  });
}

test("an engine that cannot train has its own words for it, and no time", { timeout: 300_000 }, async (context) => {
  const [dilated] = trainingCases({ sizes: [64], batches: [2] });
  const { row } = await measureTraining(gpu, dilated!, {
    rounds: 1,
    peers: ["TensorFlow.js WebGPU", "ONNX Runtime CPU"],
    peaks: null,
  });
  expect(row.peers["ONNX Runtime CPU"]).toEqual({ problem: "does not train" });
  const peer = row.peers["TensorFlow.js WebGPU"]!;
  if ("problem" in peer && peer.problem.includes("the package")) return context.skip(peer.problem);
  expect(peer).toEqual({ problem: expect.stringContaining("dilation rates greater than 1 are not yet supported") });
  expect(row.ratio).toBeNull();
});

test("both variants of each size and batch, FLOP of the whole step", () => {
  const cases = [...trainingCases({ sizes: [96], batches: [4] }), ...trainingCases({ sizes: [160], batches: [1, 4] })];
  expect(cases.map(({ name }) => name)).toEqual([
    "MSFF-ResNet18/4, pools 2 3 96x96 batch 4",
    "MSFF-ResNet18/4 undilated, pools 2 3 96x96 batch 4",
    "MSFF-ResNet18/4, pools 2 160x160 batch 1",
    "MSFF-ResNet18/4 undilated, pools 2 160x160 batch 1",
    "MSFF-ResNet18/4 160x160 batch 4",
    "MSFF-ResNet18/4 undilated 160x160 batch 4",
  ]);
  expect(() => trainingCases({ sizes: [96], batches: [1] })).toThrow(UsageError);
  // The products of each layer come twice more, in the gradients of input and weight; the image has no gradient.
  const entry = trainingCase(title, [1, 3, 8, 8], (b, image) => {
    const hidden = conv(b, "conv1", image, { kernel: 3, padding: 1, outChannels: 64 });
    return conv(b, "conv2", hidden, { kernel: 3, padding: 1, outChannels: 2 });
  });
  const product = 2 * 9 * 64 * 64;
  const products = 2 * (3 * product) + 3 * (2 * product);
  expect(entry.flop / products).toBeGreaterThan(1);
  // Loss and update are little beside them; the image's gradient would be a quarter more.
  expect(entry.flop / products).toBeLessThan(1.1);
});

test("the profile of a step names its nodes, there and back", async () => {
  const entry = trainingCase(title, [2, 3, 12, 20], everyOperator);
  const trainer = await createAtrousTrainer(gpu, entry, createTrainingData(entry));
  try {
    const names = (await trainer.profile(1)).nodes.map(({ name }) => name);
    expect(names).toContain("sgd");
    expect(names.some((name) => name.startsWith("grad:conv1:convWeightGradient"))).toBe(true);
  } finally {
    await trainer.dispose();
  }
});

const steps = (losses: readonly number[], update: Readonly<Record<string, readonly number[]>>): FirstSteps => ({
  losses,
  update: new Map(Object.entries(update).map(([name, values]) => [name, Float32Array.from(values)])),
});

test("first steps that differ are a problem", () => {
  const ours = steps([1, 0.9, 0.8], { w: [1, 2], b: [2], "running statistics": [5] });
  expect(compareSteps(steps([1, 0.9, 0.8], { w: [1, 2], b: [2] }), ours)).toEqual({ relativeL2: 0 });
  const problem = (losses: readonly number[], update: Readonly<Record<string, readonly number[]>>) => {
    const compared = compareSteps(steps(losses, update), ours);
    return "problem" in compared ? compared.problem : compared;
  };
  expect(problem([1, 0.9, 0.8], { w: [1, 2], b: [1.9] })).toBe("the first update differs: relative L2 3.3e-2");
  expect(problem([1, 0.9, 0.8], { w: [1, 2], b: [Number.NaN] })).toContain("the first update differs");
  expect(problem([1, 0.9, 0.79], { w: [1, 2], b: [2] })).toBe("the loss of step 3 differs: 0.79, not 0.8");
  expect(problem([1, Number.NaN, 0.8], { w: [1, 2], b: [2] })).toContain("the loss of step 2 differs");
  expect(problem([1], { w: [1, 2], b: [2] })).toContain("the loss of step 2 differs");
  expect(problem([1, 0.9, 0.8], { other: [1] })).toBe("parameter other has another size");
});
