// The example of a training step in docs/training.md, with a loss of its own: it is this code, and the loss falls.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { openTestGpu } from "../support/gpu.ts";
import { createRandom, uniform } from "../support/random.ts";
import { openTraining } from "./example.ts";

const code = readFileSync("test/train/example.ts", "utf8");

test("docs/training.md shows the example, in under 30 lines", () => {
  expect(readFileSync("docs/training.md", "utf8")).toContain(code.replaceAll("../../src/index.ts", "atrous"));
  expect(code.trimEnd().split("\n").length).toBeLessThan(30);
});

test("its steps make the loss fall", async () => {
  const gpu = await openTestGpu();
  const shape = [2, 1, 64, 64];
  const noise = uniform(2 * 64 * 64, createRandom(1));
  const inputs = { shape, data: noise.map((value, i) => (i % 64 < 24 ? value + 2 : value)) };
  // The brighter pixels have label 1.
  const labels = { shape, data: Uint32Array.from({ length: 2 * 64 * 64 }, (_, i) => (i % 64 < 24 ? 1 : 0)) };
  const { trainStep, step } = await openTraining(gpu, "weights/goldens/msff-w32-gradients/model.safetensors", shape);
  const losses: number[] = [];
  for (let i = 0; i < 30; i++) losses.push(await trainStep(inputs, labels));
  console.log(losses.map((loss) => loss.toFixed(4)).join(" "));
  expect(losses.at(-1)).toBeLessThan(0.8 * losses[0]!);
  await step.dispose();
  await gpu.dispose();
});
