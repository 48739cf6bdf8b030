// Arrays are taken at the call: what the caller writes into them afterwards changes nothing.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import { compile } from "../../../src/graph/run/compile.ts";
import { mul, relu, sum } from "../../../src/ops/index.ts";
import { adam } from "../../../src/train/loop/optimizers.ts";
import { compileTrainStep } from "../../../src/train/loop/train-step.ts";
import { openTestGpu } from "../../support/gpu.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu.dispose());

const parameter = async () => Float32Array.of(1, 1, 1, 1);

async function reluOf4() {
  const b = new GraphBuilder();
  b.output("y", b.apply(relu, [b.input("x", [4])], {}));
  return compile(gpu, b.build(), { parameter });
}

test("six runs from one array, overwritten after each call", async () => {
  const compiled = await reluOf4();
  const data = new Float32Array(4);
  const inputs: { x: { shape: number[]; data: Float32Array } } = { x: { shape: [4], data } };
  const runs = [1, 2, 3, 4, 5, 6].map((value) => {
    data.fill(value);
    const run = compiled.run(inputs);
    data.fill(99);
    return run;
  });
  inputs.x = { shape: [4], data: Float32Array.of(7, 7, 7, 7) };
  const results = await Promise.all(runs);
  expect(results.map(({ y }) => [...y!.data])).toEqual([1, 2, 3, 4, 5, 6].map((value) => Array(4).fill(value)));
  await compiled.dispose();
});

test("a run that need not wait copies nothing", async () => {
  const compiled = await reluOf4();
  const data = Float32Array.of(1, 2, 3, 4);
  let copies = 0;
  data.slice = () => {
    copies++;
    return new Float32Array(data);
  };
  const run = () => compiled.run({ x: { shape: [4], data } });
  await Promise.all([run(), run(), run()]);
  expect(copies).toBe(0);
  await Promise.all([run(), run(), run(), run()]);
  expect(copies).toBe(1);
  await compiled.dispose();
});

test("arrays to fill are those of the call", async () => {
  const compiled = await reluOf4();
  const [mine, other] = [new Float32Array(4), new Float32Array(4)];
  const into = { y: mine };
  const runs = [1, 2, 3, 4].map((value) =>
    compiled.run({ x: { shape: [4], data: new Float32Array(4).fill(value) } }, { into }),
  );
  into.y = other;
  await Promise.all(runs);
  expect([...mine]).toEqual([4, 4, 4, 4]);
  expect([...other]).toEqual([0, 0, 0, 0]);
  await compiled.dispose();
});

test("steps of training and what is written into states", async () => {
  const b = new GraphBuilder();
  const [x, w] = [b.input("x", [4]), b.parameter("w", [4])];
  b.output("loss", b.apply(sum, [b.apply(mul, [x, w], {})], {}));
  const step = await compileTrainStep(gpu, b.build(), { optimizer: adam(), parameter });
  const data = new Float32Array(4);
  const steps = [1, 2, 3, 4, 5].map((value) => {
    data.fill(value);
    const run = step.run({ x: { shape: [4], data } }, 0);
    data.fill(99);
    return run;
  });
  const [first] = await Promise.all([step.compiled.readState("weights"), ...steps]);
  expect((await Promise.all(steps)).map(({ loss }) => loss)).toEqual([4, 8, 12, 16, 20]);
  const written = new Float32Array(first.data.length).fill(5);
  const runs = [1, 2, 3, 4].map(() => step.run({ x: { shape: [4], data } }, 0));
  const writing = step.compiled.writeState("weights", { shape: [written.length], data: written });
  written.fill(99);
  await Promise.all([...runs, writing]);
  expect([...(await step.compiled.readState("weights")).data]).toEqual(Array(written.length).fill(5));
  await step.dispose();
});

test("a profile measures what it was given", async () => {
  const compiled = await reluOf4();
  const data = Float32Array.of(1, 1, 1, 1);
  if (!gpu.features.has("timestamp-query")) return;
  const written: number[] = [];
  const { queue } = gpu.device;
  const write = queue.writeBuffer.bind(queue);
  queue.writeBuffer = (buffer: GPUBuffer, offset: number, source: ArrayBuffer, from?: number, size?: number) => {
    written.push(new Float32Array(source)[0]!);
    write(buffer, offset, source, from, size);
  };
  try {
    const profile = compiled.profile({ x: { shape: [4], data } }, { rounds: 2 });
    data.fill(99);
    await profile;
  } finally {
    queue.writeBuffer = write;
  }
  expect(written).toEqual([1, 1, 1]);
  await compiled.dispose();
});
