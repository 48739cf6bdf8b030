// Whole graphs on the GPU: optimised and planned, against one kernel at a time with nothing shared.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { difference } from "../../../src/difference.ts";
import { DeviceError, ShapeError, UsageError } from "../../../src/errors.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { BufferUsage } from "../../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import { findValue, type Graph, type Value } from "../../../src/graph/ir/graph.ts";
import { createCall } from "../../../src/graph/plan/lower.ts";
import { compile } from "../../../src/graph/run/compile.ts";
import { norm, normRelu } from "../../../src/models/blocks/layers.ts";
import { conv2d } from "../../../src/ops/conv/conv2d.ts";
import { relu } from "../../../src/ops/elementwise/activations.ts";
import { add, concat, conv3d, convTranspose3d, maxPool3d, resize3d } from "../../../src/ops/index.ts";
import { wholeView } from "../../../src/ops/view.ts";
import { elementCount, type TensorData } from "../../../src/tensor.ts";
import { openTestGpu } from "../../support/gpu.ts";
import { createRandom, uniform } from "../../support/random.ts";
import { randomGraph, randomParameter } from "../../support/random-graph.ts";
import { runKernel } from "../../support/run-kernel.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu.dispose());

function parametersOf(graph: Graph): (name: string) => Promise<Float32Array> {
  const counts = new Map(graph.parameters.map(({ name, type }) => [name, elementCount(type.shape)]));
  return async (name) => randomParameter(name, counts.get(name)!);
}

/** Runs every node by its reference kernel in buffers of its own. */
async function interpret(graph: Graph, image: Float32Array): Promise<Map<Value, TensorData>> {
  const known = new Map<Value, TensorData>(graph.inputs.map((input) => [input, image]));
  for (const parameter of graph.parameters) {
    known.set(parameter, randomParameter(parameter.name, elementCount(parameter.type.shape)));
  }
  for (const node of graph.nodes) {
    const call = createCall(node, (value) => wholeView(value.type));
    const inputs = node.inputs.map((value) => known.get(value)!);
    const results = await runKernel(gpu, { kernel: node.operator.kernels[0]!, call, inputs });
    node.outputs.forEach((value, i) => {
      known.set(value, results[i]!);
    });
  }
  return known;
}

async function expectAsOneByOne(graph: Graph, seed: number): Promise<void> {
  const [input] = graph.inputs;
  const image = uniform(elementCount(input!.type.shape), createRandom(seed));
  const expected = await interpret(graph, image);
  const compiled = await compile(gpu, graph, { parameter: parametersOf(graph) });
  const run = () => compiled.run({ image: { shape: input!.type.shape, data: image } });
  const [first, second] = [await run(), await run()];
  for (const [name, value] of graph.outputs) {
    const apart = difference(value.type.shape, first[name]!.data, expected.get(value)!);
    expect(apart.relativeL2, `${name}, worst ${JSON.stringify(apart.worst)}`).toBeLessThan(2e-6);
    expect(second[name]!.data, "the second run").toEqual(first[name]!.data);
  }
  await compiled.dispose();
  expect(gpu.allocated.buffers, "buffers alive after dispose").toBe(0);
}

for (const seed of [0, 1, 2, 3, 5, 8, 13, 21, 34, 55]) {
  test(`random graph ${seed} gives what its nodes give one by one`, () =>
    expectAsOneByOne(randomGraph(seed, 14), seed));
}

/** Two levels: batch norms fold, the skip connection is concatenated in place, a sum joins a convolution. */
function volumeNet(): Graph {
  const b = new GraphBuilder();
  const conv3 = (name: string, x: Value, outChannels: number) => {
    const weight = b.parameter(`${name}.weight`, [outChannels, x.type.shape[1]!, 3, 3, 3]);
    return b.apply(conv3d, [x, weight], { padding: 1 }, { name });
  };
  const encoder = normRelu(b, "bn1", conv3("conv1", b.input("image", [2, 2, 4, 6, 10]), 8));
  const pooled = b.apply(maxPool3d, [encoder], { kernel: 2 });
  const deep = normRelu(b, "bn2", conv3("conv2", pooled, 16));
  const up = norm(
    b,
    "bn3",
    b.apply(convTranspose3d, [deep, b.parameter("up.weight", [16, 8, 2, 2, 2])], { stride: 2 }),
  );
  const joined = conv3("conv3", b.apply(concat, [encoder, up], {}), 8);
  const sum = b.apply(relu, [b.apply(add, [joined, encoder], {})], {});
  b.output("y", b.apply(resize3d, [sum], { mode: "trilinear", size: [5, 7, 9] }, { name: "y" }));
  return b.build();
}

test("a network on volumes gives what its nodes give one by one", async () => {
  await expectAsOneByOne(volumeNet(), 1);
  const compiled = await compile(gpu, volumeNet(), { parameter: parametersOf(volumeNet()) });
  const operators = compiled.steps.map(({ kernel }) => kernel.split("/")[0]);
  expect(operators).toEqual(["conv3d", "maxPool3d", "conv3d", "convTranspose3d", "conv3d", "resize3d"]);
  await compiled.dispose();
});

function small(): Graph {
  const b = new GraphBuilder();
  const x = b.input("image", [1, 3, 5, 7]);
  const features = b.apply(conv2d, [x, b.parameter("w", [4, 3, 3, 3])], { padding: 1 }, { name: "features" });
  b.output("y", b.apply(relu, [features], {}, { name: "y" }));
  return b.build();
}

test("names, epilogues and memory of a small graph", async () => {
  const compiled = await compile(gpu, small(), { parameter: async () => new Float32Array(108) });
  expect(compiled.steps.map((step) => step.name)).toEqual(["y"]);
  expect(findValue(compiled.graph, "features")).toBeUndefined();
  expect(compiled.memory.activationBytes).toBe(compiled.memory.lowerBoundBytes);
  await compiled.dispose();
});

const images = [1, 2, 3, 4, 5].map((seed) => ({ shape: [1, 3, 5, 7], data: uniform(105, createRandom(seed)) }));

/** Submits of the device while `work` runs. */
async function countSubmits(work: (submits: () => number) => Promise<void>): Promise<void> {
  const { queue } = gpu.device;
  const submit = vi.spyOn(queue, "submit");
  try {
    await work(() => submit.mock.calls.length);
  } finally {
    submit.mockRestore();
  }
}

test("up to three runs overlap, and each gives what it gives alone", async () => {
  const compiled = await compile(gpu, small(), { parameter: async (name) => randomParameter(name, 108) });
  const alone: TensorData[] = [];
  for (const image of images) alone.push((await compiled.run({ image })).y!.data);
  await countSubmits(async (submits) => {
    const together = images.map((image) => compiled.run({ image }));
    const first = together[0]!.then(() => submits());
    for (let i = 0; i < 100; i++) await Promise.resolve();
    expect(submits(), "before any run has ended").toBe(3);
    expect(await first).toBeGreaterThanOrEqual(3);
    expect((await Promise.all(together)).map(({ y }) => y!.data)).toEqual(alone);
    expect(submits()).toBe(images.length);
  });
  await compiled.dispose();
  expect(gpu.allocated.buffers).toBe(0);
});

test("a profile waits for runs before it, and runs after it for the profile", async () => {
  const compiled = await compile(gpu, small(), { parameter: async (name) => randomParameter(name, 108) });
  const ended: string[] = [];
  const note = (name: string) => () => ended.push(name);
  const image = images[0]!;
  const all = [
    compiled.run({ image }).then(note("run")),
    compiled.profile({ image }, { rounds: 1 }).then(note("profile")),
    compiled.run({ image }).then(note("run after")),
  ];
  await Promise.all(all);
  expect(ended).toEqual(["run", "profile", "run after"]);
  await compiled.dispose();
});

describe("buffers of the caller", () => {
  const { COPY_DST, COPY_SRC, STORAGE } = BufferUsage;
  test.each([
    ["are copied without usage STORAGE", COPY_DST | COPY_SRC, 2],
    ["are used where they are with it", COPY_DST | COPY_SRC | STORAGE, 0],
  ])("%s", async (_, usage, copies) => {
    const compiled = await compile(gpu, small(), { parameter: async (name) => randomParameter(name, 108) });
    const [sources, targets] = [1, 2].reduce<[GPUBuffer[], GPUBuffer[]]>(
      ([before, after], i) => {
        const source = gpu.createBuffer(105 * 4, usage, `image ${i}`);
        gpu.device.queue.writeBuffer(source, 0, images[i]!.data);
        return [
          [...before, source],
          [...after, gpu.createBuffer(140 * 4, usage, `result ${i}`)],
        ];
      },
      [[], []],
    );
    const copy = vi.spyOn(Object.getPrototypeOf(gpu.device.createCommandEncoder()), "copyBufferToBuffer");
    // The second round comes back to the first buffers.
    for (const i of [0, 1, 0]) {
      copy.mockClear();
      const image = { shape: [1, 3, 5, 7], buffer: sources[i]! };
      expect(await compiled.run({ image }, { into: { y: targets[i]! } })).toEqual({});
      expect(copy).toHaveBeenCalledTimes(copies);
      const expected = (await compiled.run({ image: images[i + 1]! })).y!.data;
      expect(new Float32Array(await gpu.read(targets[i]!, 0, 140 * 4))).toEqual(expected);
    }
    copy.mockRestore();
    for (const buffer of [...sources, ...targets]) gpu.destroyBuffer(buffer);
    await compiled.dispose();
  });
});

test("an output that others are a part of is copied to the caller's buffer", async () => {
  const b = new GraphBuilder();
  const x = b.input("image", [1, 3, 5, 7]);
  const part = (name: string) => b.apply(conv2d, [x, b.parameter(name, [4, 3, 3, 3])], { padding: 1 }, { name });
  b.output("y", b.apply(concat, [part("left"), part("right")], {}));
  const compiled = await compile(gpu, b.build(), { parameter: async (name) => randomParameter(name, 108) });
  const image = images[0]!;
  const expected = (await compiled.run({ image })).y!.data;
  const { COPY_DST, COPY_SRC, STORAGE } = BufferUsage;
  const target = gpu.createBuffer(280 * 4, COPY_DST | COPY_SRC | STORAGE, "result");
  await compiled.run({ image }, { into: { y: target } });
  expect(new Float32Array(await gpu.read(target, 0, 280 * 4))).toEqual(expected);
  expect(compiled.steps.map(({ name }) => name)).toEqual(["left", "right"]);
  gpu.destroyBuffer(target);
  await compiled.dispose();
});

test("arrays of the caller's are filled and given back", async () => {
  const compiled = await compile(gpu, small(), { parameter: async (name) => randomParameter(name, 108) });
  const own = new Float32Array(140);
  for (const image of images) {
    const expected = (await compiled.run({ image })).y!.data;
    const { y } = await compiled.run({ image }, { into: { y: own } });
    expect(y!.data).toBe(own);
    expect(own).toEqual(expected);
  }
  await compiled.dispose();
});

test("wrong inputs and outputs are refused with names", async () => {
  const compiled = await compile(gpu, small(), { parameter: async () => new Float32Array(108) });
  const image = { shape: [1, 3, 5, 7], data: new Float32Array(105) };
  await expect(compiled.run({})).rejects.toThrow(
    new UsageError('run: input "image" is missing, expected [1, 3, 5, 7]'),
  );
  await expect(compiled.run({ image, mask: image })).rejects.toThrow(
    new UsageError('run: unknown input "mask", expected image'),
  );
  await expect(compiled.run({ image: { ...image, shape: [1, 3, 7, 5] } })).rejects.toThrow(
    new ShapeError('run: input "image" has shape [1, 3, 7, 5], expected [1, 3, 5, 7]'),
  );
  await expect(compiled.run({ image: { ...image, data: new Float32Array(3) } })).rejects.toThrow(
    new ShapeError('run: input "image" has data Float32Array of 3, expected Float32Array of 105'),
  );
  await expect(compiled.run({ image }, { into: { mask: new Float32Array(140) } })).rejects.toThrow(
    new UsageError('run: unknown output "mask", expected y'),
  );
  await expect(compiled.run({ image }, { into: { y: new Uint32Array(140) } })).rejects.toThrow(
    new ShapeError('run: output "y" has data Uint32Array of 140, expected Float32Array of 140'),
  );
  await compiled.dispose();
  await expect(compiled.run({ image })).rejects.toThrow(new DeviceError("disposed", "run: the model was disposed of"));
});

test("a failing parameter leaves nothing behind", async () => {
  const failing = compile(gpu, small(), { parameter: () => Promise.reject(new Error("unreadable")) });
  await expect(failing).rejects.toThrow("unreadable");
  expect(gpu.allocated.buffers).toBe(0);
});
