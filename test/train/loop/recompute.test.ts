// A training step that computes parts of its forward pass again: the same losses in less memory.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import type { Graph } from "../../../src/graph/ir/graph.ts";
import type { Recompute } from "../../../src/graph/passes/recompute.ts";
import { msffResNet18 } from "../../../src/models/networks/msff-resnet18.ts";
import { initialWeights } from "../../../src/train/loop/initial-weights.ts";
import { sgd } from "../../../src/train/loop/optimizers.ts";
import { compileTrainStep } from "../../../src/train/loop/train-step.ts";
import { crossEntropyLoss } from "../../../src/train/losses/index.ts";
import { openTestGpu } from "../../support/gpu.ts";
import { createRandom, uniform } from "../../support/random.ts";

const shape = [2, 1, 64, 96];
const pixels = 2 * 64 * 96;

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu.dispose());

function lossGraph(): Graph {
  const b = new GraphBuilder();
  const image = b.input("image", shape);
  const labels = b.input("labels", [2, 64, 96], "u32");
  const options = msffResNet18.options({ width: 0.125, inChannels: 1, pools: [2] }, "options");
  b.output("loss", crossEntropyLoss(b, msffResNet18.build(b, image, options).logits, labels));
  return b.build();
}

/** Three steps: their losses, the weights after them, and the planned peak. */
async function train(recompute: Recompute) {
  const graph = lossGraph();
  const first = initialWeights(graph, 3);
  const step = await compileTrainStep(gpu, graph, {
    optimizer: sgd({ momentum: 0.9 }),
    parameter: async (name) => first(name),
    recompute,
  });
  try {
    const random = createRandom(5);
    const inputs = {
      image: { shape, data: uniform(pixels, random) },
      labels: { shape: [2, 64, 96], data: Uint32Array.from({ length: pixels }, () => (random() < 0.3 ? 1 : 0)) },
    };
    const losses = [];
    for (let i = 0; i < 3; i++) losses.push((await step.run(inputs, 0.01)).loss);
    const { tensors } = await step.save();
    return { losses, tensors, peakBytes: step.memory.activationBytes };
  } finally {
    await step.dispose();
  }
}

test("a budget is met by computing again, and changes no number", async () => {
  const kept = await train("none");
  const least = await train("auto");
  console.log(`kept ${kept.peakBytes} bytes, least ${least.peakBytes}`);
  expect(least.peakBytes).toBeLessThan(0.8 * kept.peakBytes);
  const budget = Math.round((kept.peakBytes + least.peakBytes) / 2);
  const fitted = await train(budget);
  expect(fitted.peakBytes).toBeLessThanOrEqual(budget);
  for (const { losses, tensors } of [least, fitted]) {
    expect(losses).toEqual(kept.losses);
    expect(tensors).toEqual(kept.tensors);
  }
  await expect(train(least.peakBytes - 1)).rejects.toThrow(
    `recompute: got ${least.peakBytes - 1} bytes, the least that this graph can do with is ${least.peakBytes}`,
  );
});
