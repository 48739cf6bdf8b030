// Dropout in training: in no graph of inference, equal to masks that are given, and the same bits after a resumption.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ShapeError, UsageError } from "../../../src/errors.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import type { Graph, Value } from "../../../src/graph/ir/graph.ts";
import { dropout } from "../../../src/models/blocks/dropout.ts";
import { conv } from "../../../src/models/blocks/layers.ts";
import { fcn8s } from "../../../src/models/networks/fcn8s.ts";
import { fpn } from "../../../src/models/networks/fpn.ts";
import { relu } from "../../../src/ops/elementwise/activations.ts";
import { mul } from "../../../src/ops/elementwise/arithmetic.ts";
import { dropout as dropoutOperator } from "../../../src/ops/elementwise/dropout.ts";
import { elementCount, type Shape } from "../../../src/tensor.ts";
import { parseTrainConfig } from "../../../src/train/config/config.ts";
import { initialWeights } from "../../../src/train/loop/initial-weights.ts";
import { sgd } from "../../../src/train/loop/optimizers.ts";
import { segmenterGraph } from "../../../src/train/loop/segmenter.ts";
import { compileTrainStep, type TrainStep, type TrainStepOptions } from "../../../src/train/loop/train-step.ts";
import { lossGraph, TrainingRun } from "../../../src/train/loop/training-run.ts";
import { crossEntropyLoss } from "../../../src/train/losses/index.ts";
import { keptElements } from "../../cases/elementwise/dropout.ts";
import { openTestGpu } from "../../support/gpu.ts";
import { createRandom, uniform } from "../../support/random.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu?.dispose());

const shape = [2, 1, 12, 10];
const inner = [2, 6, 12, 10];
const first = { p: 0.4 };
const second = { p: 0.25, spatial: true };
const random = createRandom(8);
const inputs = {
  image: { shape, data: uniform(elementCount(shape), random) },
  labels: { shape: [2, 12, 10], data: Uint32Array.from({ length: 240 }, () => (random() < 0.4 ? 1 : 0)) },
};

/** Two convolutions, each followed by what `drop` makes of it, and a third one to the classes. */
function smallGraph(
  b: GraphBuilder,
  drop: (x: Value, spec: typeof first | typeof second, name: string) => Value,
): Graph {
  const unit = (name: string, x: Value) => {
    const y = conv(b, name, x, { kernel: 3, outChannels: 6, padding: 1, bias: true });
    return b.apply(relu, [y], {}, { name: `${name}.relu` });
  };
  const one = drop(unit("conv1", b.input("image", shape)), first, "drop1");
  const two = drop(unit("conv2", one), second, "drop2");
  const logits = conv(b, "conv3", two, { kernel: 1, outChannels: 2, bias: true });
  b.output("loss", crossEntropyLoss(b, logits, b.input("labels", [2, 12, 10], "u32")));
  return b.build();
}

function droppingGraph(): Graph {
  const b = new GraphBuilder({ training: true });
  return smallGraph(b, (x, spec, name) => dropout(b, name, x, spec));
}

function maskedGraph(): Graph {
  const b = new GraphBuilder();
  return smallGraph(b, (x, _, name) => b.apply(mul, [x, b.input(name, inner)], {}, { name: `${name}.masked` }));
}

async function openStep(graph: Graph, options: Partial<TrainStepOptions> = {}): Promise<TrainStep> {
  const parameter = initialWeights(graph, 1);
  return compileTrainStep(gpu, graph, {
    optimizer: sgd({ momentum: 0.9 }),
    parameter: async (name) => parameter(name),
    ...options,
  });
}

async function losses(step: TrainStep, count: number, rate = 0.1): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < count; i++) found.push((await step.run(inputs, rate)).loss);
  return found;
}

function mask(layer: number, { p, spatial = false }: { p: number; spatial?: boolean }, seed: number, step: number) {
  const kept = keptElements(inner, [seed, step], { p, spatial, layer });
  return { shape: inner as Shape, data: Float32Array.from(kept, (value) => (value ? 1 / (1 - p) : 0)) };
}

describe("a step", () => {
  test("does what multiplication by its masks does, forward and backward", async () => {
    const [step, masked] = [await openStep(droppingGraph(), { seed: 7 }), await openStep(maskedGraph())];
    for (let i = 1; i <= 4; i++) {
      const masks = { drop1: mask(0, first, 7, i), drop2: mask(1, second, 7, i) };
      const [got, want] = [await step.run(inputs, 0.1), await masked.run({ ...inputs, ...masks }, 0.1)];
      expect(Math.abs(got.loss - want.loss), `loss of step ${i}`).toBeLessThan(1e-6);
      expect(Math.abs(got.gradientNorm / want.gradientNorm - 1), `gradient of step ${i}`).toBeLessThan(1e-5);
    }
    const [got, want] = [await step.parameters(), await masked.parameters()];
    for (const [name, { data }] of want) {
      data.forEach((value, i) => {
        expect(Math.abs(got.get(name)!.data[i]! - value), `${name} ${i}`).toBeLessThan(1e-6);
      });
    }
    await Promise.all([step.dispose(), masked.dispose()]);
  });

  test("draws anew from seed and step: at rate 0 nothing else differs", async () => {
    const [one, same, other] = await Promise.all([1, 1, 2].map((seed) => openStep(droppingGraph(), { seed })));
    const found = await losses(one!, 5, 0);
    expect(new Set(found).size).toBe(5);
    expect(await losses(same!, 5, 0)).toEqual(found);
    const others = await losses(other!, 5, 0);
    expect(others.filter((loss) => found.includes(loss))).toEqual([]);
    await Promise.all([one, same, other].map((step) => step!.dispose()));
  });

  test("of a training that was saved and goes on has the same bits, however it computes again", async () => {
    const whole = await openStep(droppingGraph(), { seed: 3 });
    const before = await losses(whole, 3);
    const saved = await whole.save();
    const after = await losses(whole, 3);
    expect(before).not.toEqual(after);
    const resumed = await openStep(droppingGraph(), { seed: 3, recompute: "auto" });
    await resumed.restore(saved);
    expect(await losses(resumed, 3)).toEqual(after);
    expect(await resumed.save()).toEqual(await whole.save());
    await Promise.all([whole.dispose(), resumed.dispose()]);
  });

  test("in f16 follows that in f32", async ({ skip }) => {
    skip(!gpu.features.has("shader-f16"), "no shader-f16");
    const [full, half] = [await openStep(droppingGraph()), await openStep(droppingGraph(), { precision: "f16" })];
    const [wanted, got] = [await losses(full, 4), await losses(half, 4)];
    got.forEach((loss, i) => {
      expect(Math.abs(loss - wanted[i]!), `step ${i}`).toBeLessThan(2e-3);
    });
    await Promise.all([full.dispose(), half.dispose()]);
  });

  test("refuses a seed that is none", async () => {
    const seeds = [-1, 0.5, 2 ** 32];
    for (const seed of seeds) {
      await expect(openStep(droppingGraph(), { seed })).rejects.toThrow(
        new UsageError(`compileTrainStep: seed is ${seed}, expected a whole number from 0 to 2^32 - 1`),
      );
    }
  });
});

describe("a network", () => {
  const names = ({ nodes }: Graph) =>
    nodes.filter(({ operator }) => operator === dropoutOperator).map(({ name }) => name);
  const build = (training: boolean, network: typeof fcn8s | typeof fpn, given: object) => {
    const b = new GraphBuilder({ training });
    const options = network.options(given, "test");
    b.output("logits", (network as typeof fpn).build(b, b.input("image", [1, 3, 64, 64]), options as never).logits);
    return b.build();
  };

  test("FCN-8s drops behind fc6 and fc7 with a half, in training alone", () => {
    const graph = build(true, fcn8s, { width: 1 / 64 });
    expect(names(graph)).toEqual(["drop6", "drop7"]);
    const nodes = graph.nodes.filter(({ name }) => name.startsWith("drop"));
    expect(nodes.map(({ attrs }) => attrs)).toEqual([0, 1].map((layer) => ({ p: 0.5, spatial: false, layer })));
    expect(nodes.map(({ inputs: [x] }) => x!.name)).toEqual(["relu6", "relu7"]);
    const inference = build(false, fcn8s, { width: 1 / 64 });
    expect([names(inference), inference.inputs.map(({ name }) => name)]).toEqual([[], ["image"]]);
    const without = build(true, fcn8s, { width: 1 / 64, dropout: 0 });
    expect([names(without), without.inputs.map(({ name }) => name)]).toEqual([[], ["image"]]);
  });

  test("networks of encoder and decoder drop channels of the result where they are told to", () => {
    const given = { width: 1 / 16, encoder: "resnet18" };
    expect(names(build(true, fpn, given))).toEqual([]);
    const graph = build(true, fpn, { ...given, dropout: 0.2 });
    expect(names(graph)).toEqual(["decoder.dropout"]);
    expect(graph.nodes.find(({ name }) => name === "decoder.dropout")!.attrs).toMatchObject({ p: 0.2, spatial: true });
    expect(names(build(false, fpn, { ...given, dropout: 0.2 }))).toEqual([]);
  });

  test("an input of the network's own is not taken for the draw", () => {
    const b = new GraphBuilder({ training: true });
    const x = b.input("draw", [1, 2, 4, 4]);
    expect(() => dropout(b, "drop", x, { p: 0.5 })).toThrow(new ShapeError("input draw: the name is taken"));
    expect(() => new GraphBuilder({ train: true } as never)).toThrow(
      new UsageError('GraphBuilder: unknown option "train", expected training'),
    );
  });
});

describe("a configuration of FCN-8s", () => {
  const config = parseTrainConfig(
    {
      network: { name: "fcn8s", classes: 2, width: 1 / 64, inChannels: 1 },
      data: {
        sources: [{ images: "*_i.png", labels: "*_l.png", subject: "^(\\d+)", classes: { "0": 0, "1": 1 } }],
        size: [32, 32],
      },
      losses: [{ kind: "cross-entropy" }],
      batch: 2,
      seed: 5,
    },
    "fcn.json",
  );
  const images = { shape: [2, 1, 32, 32], data: uniform(2048, createRandom(2)) };
  const batch = { images, labels: { shape: [2, 32, 32], data: new Uint32Array(2048) }, ids: ["a", "b"] };

  test("drops in its training, not where it segments or validates", () => {
    const has = ({ nodes }: Graph) => nodes.some(({ operator }) => operator === dropoutOperator);
    expect([has(lossGraph(config, [32, 32])), has(segmenterGraph(config, { imageSize: [32, 32] }))]).toEqual([
      true,
      false,
    ]);
  });

  test("names the first layer that is not finite, with the step's own draw", async () => {
    const parts = { imageSize: [32, 32], dataDigest: "", weights: undefined, checkpoint: undefined } as const;
    const run = await TrainingRun.create(gpu, config, parts);
    try {
      await run.take(batch);
      const data = images.data.slice().fill(Number.NaN, 0, 5);
      await expect(run.take({ ...batch, images: { ...images, data } })).rejects.toThrow(
        "step 2: the loss is not finite; the first layer that is not: input images",
      );
    } finally {
      await run.dispose();
    }
  });
});
