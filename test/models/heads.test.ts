// Networks with several heads, pruned to a level: what is left of them, and that it computes what PyTorch's head does.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { difference } from "../../src/difference.ts";
import { UsageError } from "../../src/errors.ts";
import { readSafetensors } from "../../src/formats/safetensors/index.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../src/graph/ir/builder.ts";
import { chooseLogits } from "../../src/models/heads.ts";
import { inspectGraph } from "../../src/models/inspect.ts";
import { loadModel } from "../../src/models/load.ts";
import { buildModelGraph, openModelFile } from "../../src/models/model-file.ts";
import { networks } from "../../src/models/registry.ts";
import { openTestGpu } from "../support/gpu.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu.dispose());

/** Parameters of L1 to L4 at full width, 3 channels to 1 class, by layer arithmetic. */
test.each([
  ["unet-plus-plus", { deepSupervision: true }, [103_041, 519_105, 2_236_161, 9_163_329]],
  ["anu-net", {}, [103_188, 520_829, 2_245_503, 9_203_741]],
])("%s has fewer parameters at each level", (name, given, expected) => {
  const network = networks.find((candidate) => candidate.name === name)!;
  const options = network.options({ classes: 1, ...given }, "test");
  const counts = [1, 2, 3, 4].map((level) => {
    const b = new GraphBuilder();
    const heads = network.build(b, b.input("image", [1, 3, 64, 64]), options);
    b.output("logits", chooseLogits(b, heads, { level }));
    return inspectGraph(b.build());
  });
  expect(counts.map(({ parameters }) => parameters)).toEqual(expected);
  const macs = counts.map((report) => report.macs);
  expect(macs.toSorted((a, b) => a - b)).toEqual(macs);
});

const golden = (name: string, file: string) =>
  new Uint8Array(readFileSync(`weights/goldens/${name}/${file}.safetensors`));

test.each(["unet-plus-plus-w16-gradients", "anu-net-w16-gradients"])(
  "%s: each level is PyTorch's head",
  async (name) => {
    const { tensors } = await readSafetensors(golden(name, "reference"));
    const image = { shape: tensors.get("input:image")!.shape, data: tensors.get("input:image")!.data as Float32Array };
    const sum = new Float32Array(tensors.get("output:logits")!.data.length);
    for (const [i, head] of ["final1", "final2", "final3", "logits"].entries()) {
      const expected = tensors.get(`output:${head}`)!;
      const model = await loadModel(gpu, golden(name, "model"), { shape: image.shape, level: i + 1 });
      const { logits } = await model.run({ image });
      await model.dispose();
      expect(difference(logits!.shape, logits!.data, expected.data as Float32Array).relativeL2).toBeLessThan(1e-5);
      (expected.data as Float32Array).forEach((value, at) => {
        sum[at]! += value / 4;
      });
    }
    const model = await loadModel(gpu, golden(name, "model"), { shape: image.shape, averageHeads: true });
    const { logits } = await model.run({ image });
    await model.dispose();
    expect(difference(logits!.shape, logits!.data, sum).relativeL2).toBeLessThan(1e-5);
  },
);

test("what a level does not need is not loaded", async () => {
  const file = await openModelFile(golden("anu-net-w16-gradients", "model"));
  const graph = buildModelGraph(file, [1, 1, 16, 16], ["logits"], { level: 1 });
  expect(new Set(graph.parameters.map(({ name }) => name.split(".")[0]))).toEqual(
    new Set(["conv0_0", "conv1_0", "up0_1", "att0_1", "conv0_1", "final1"]),
  );
  const build = (level: number) => () => buildModelGraph(file, [1, 1, 16, 16], ["logits"], { level });
  for (const level of [0, 5, 1.5])
    expect(build(level)).toThrow(new UsageError(`level: got ${level}, expected a whole number from 1 to 4`));
  expect(() => buildModelGraph(file, [1, 1, 16, 16], ["final4"])).toThrow(
    new UsageError('output: got "final4", expected final1, final2, final3, logits, classes, probabilities'),
  );
  await file.weights.close();
});

test("a network with one head has no levels", async () => {
  const options = { shape: [1, 1, 16, 16] };
  const load = (given: object) => loadModel(gpu, golden("unet-w32-gradients", "model"), { ...options, ...given });
  await expect(load({ level: 1 })).rejects.toThrow(new UsageError("level: the network has one head, expected none"));
  await expect(load({ averageHeads: true })).rejects.toThrow(
    new UsageError("averageHeads: the network has one head, expected none"),
  );
});

test("probabilities of a softmax add up to 1", async () => {
  const model = await loadModel(gpu, golden("unet-w32-gradients", "model"), {
    shape: [1, 1, 16, 16],
    outputs: ["logits", "probabilities"],
  });
  const image = { shape: [1, 1, 16, 16], data: Float32Array.from({ length: 256 }, (_, i) => Math.sin(i)) };
  const { logits, probabilities } = await model.run({ image });
  await model.dispose();
  for (let at = 0; at < 256; at++) {
    const [first, second] = [probabilities!.data[at]!, probabilities!.data[at + 256]!];
    expect(first + second).toBeCloseTo(1, 6);
    expect(second).toBeCloseTo(1 / (1 + Math.exp(logits!.data[at]! - logits!.data[at + 256]!)), 5);
  }
});
