// Profiles of small graphs: what they name and count is exact, what they time is a time.
import { afterAll, beforeAll, expect, test } from "vitest";
import { DeviceError, UsageError } from "../../../src/errors.ts";
import { Gpu } from "../../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import type { Graph } from "../../../src/graph/ir/graph.ts";
import { compile } from "../../../src/graph/run/compile.ts";
import { conv2d } from "../../../src/ops/conv/conv2d.ts";
import { relu, sigmoid } from "../../../src/ops/elementwise/activations.ts";
import { add } from "../../../src/ops/elementwise/arithmetic.ts";
import { concat } from "../../../src/ops/move/concat.ts";
import { elementCount } from "../../../src/tensor.ts";
import { openTestGpu, withoutFeature } from "../../support/gpu.ts";
import { createRandom, uniform } from "../../support/random.ts";
import { randomParameter } from "../../support/random-graph.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu.dispose());

/** A convolution with bias and ReLU fused, a concatenation elided, one with a residual fused, one with half of it to copy. */
function branches(): Graph {
  const b = new GraphBuilder();
  const image = b.input("image", [1, 3, 6, 8]);
  const skip = b.input("skip", [1, 5, 6, 8]);
  const parameter = (name: string, shape: number[]) => b.parameter(name, shape);
  const bias = parameter("bias", [8]);
  const convolved = b.apply(conv2d, [image, parameter("w3", [8, 3, 3, 3])], { padding: 1 }, { name: "conv", bias });
  const features = b.apply(relu, [convolved], {}, { name: "features" });
  const side = b.apply(conv2d, [image, parameter("w1", [8, 3, 1, 1])], {}, { name: "side" });
  const joined = b.apply(concat, [features, side], {}, { name: "joined" });
  const mixed = b.apply(conv2d, [joined, parameter("mix", [5, 16, 1, 1])], {}, { name: "mixed" });
  const sum = b.apply(add, [mixed, skip], {}, { name: "sum" });
  b.output("out", b.apply(concat, [image, sum], {}, { name: "out" }));
  return b.build();
}

function inputsOf(graph: Graph) {
  const random = createRandom(4);
  const tensor = (shape: readonly number[]) => ({ shape, data: uniform(elementCount(shape), random) });
  return Object.fromEntries(graph.inputs.map(({ name, type }) => [name, tensor(type.shape)]));
}

async function compiledOf(graph: Graph, on = gpu) {
  const counts = new Map(graph.parameters.map(({ name, type }) => [name, elementCount(type.shape)]));
  return compile(on, graph, { parameter: async (name) => randomParameter(name, counts.get(name)!) });
}

/** Elements of the weights as each kernel reads them, by hand: padded output channels, taps padded to vec4. */
const packedWeight: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  features: { "conv2d/tiled-8x8": 3 * 9 * 8, "conv2d/subgroup": 3 * 12 * 8 },
  side: { "conv2d/tiled-8x8": 3 * 8, "conv2d/subgroup": 4 * 8 },
  sum: { "conv2d/tiled-8x8": 16 * 8, "conv2d/subgroup": 16 * 8, "conv2d/pointwise-subgroup": 16 * 8 },
};

test("names, kernels, shapes and costs are those of the graph as it runs", async () => {
  const graph = branches();
  const compiled = await compiledOf(graph);
  const { nodes } = await compiled.profile(inputsOf(graph), { rounds: 1 });

  expect(nodes.map(({ name, kernel }) => ({ name, kernel }))).toEqual(compiled.steps);
  expect(nodes.map(({ name, operator, outputShape }) => [name, operator, outputShape])).toEqual([
    ["features", "conv2d", [1, 8, 6, 8]],
    ["side", "conv2d", [1, 8, 6, 8]],
    ["sum", "conv2d", [1, 5, 6, 8]],
    ["out", "concat", [1, 8, 6, 8]],
  ]);
  const weight = (name: string) => {
    const kernel = nodes.find((node) => node.name === name)!.kernel;
    const elements = packedWeight[name]![kernel];
    expect(elements, `this test knows the packing of ${kernel}`).toBeDefined();
    return elements!;
  };
  const [image, skip] = [3 * 48, 5 * 48];
  expect(nodes.map(({ cost }) => cost)).toEqual([
    { flop: 2 * 27 * 8 * 48, bytes: 4 * (image + weight("features") + 8 + 8 * 48) },
    { flop: 2 * 3 * 8 * 48, bytes: 4 * (image + weight("side") + 8 * 48) },
    { flop: 2 * 16 * 5 * 48, bytes: 4 * (16 * 48 + weight("sum") + skip + 5 * 48) },
    // `sum` lies in its place already: only the image is read and written.
    { flop: 0, bytes: 4 * 2 * image },
  ]);
  await compiled.dispose();
});

test("every round has a time for every node, and the median round is laid out in order", async () => {
  const graph = branches();
  const compiled = await compiledOf(graph);
  const { nodes, rounds, medianRound, totalNanoseconds } = await compiled.profile(inputsOf(graph));
  expect(rounds).toBe(7);
  const totals = Array.from({ length: 7 }, (_, round) =>
    nodes.reduce((sum, node) => sum + node.nanoseconds[round]!, 0),
  );
  for (const node of nodes) {
    expect(node.nanoseconds.length).toBe(7);
    for (const nanoseconds of node.nanoseconds) expect(nanoseconds, node.name).toBeGreaterThan(0);
    expect(node.medianNanoseconds).toBe(node.nanoseconds.toSorted((a, b) => a - b)[3]);
  }
  expect(totalNanoseconds).toBe(totals.toSorted((a, b) => a - b)[3]);
  expect(totals[medianRound]).toBe(totalNanoseconds);
  let end = 0;
  for (const node of nodes) {
    expect(node.startNanoseconds, node.name).toBeGreaterThanOrEqual(end);
    end = node.startNanoseconds + node.nanoseconds[medianRound]!;
  }
  expect(nodes[0]!.startNanoseconds).toBe(0);
  await compiled.dispose();
  expect(gpu.allocated.buffers, "buffers alive after dispose").toBe(0);
});

test("a run after a profile, and one beside it, give the same bits", async () => {
  const graph = branches();
  const inputs = inputsOf(graph);
  const compiled = await compiledOf(graph);
  const before = await compiled.run(inputs);
  const [, beside] = await Promise.all([compiled.profile(inputs, { rounds: 2 }), compiled.run(inputs)]);
  expect(beside).toEqual(before);
  expect(await compiled.run(inputs)).toEqual(before);
  await compiled.dispose();
});

test("more nodes than one query set times", async () => {
  const b = new GraphBuilder();
  const count = 2050;
  let value = b.input("image", [1, 1, 2, 2]);
  for (let i = 0; i < count; i++) value = b.apply(sigmoid, [value], {}, { name: `sigmoid ${i}` });
  b.output("y", value);
  const graph = b.build();
  const compiled = await compiledOf(graph);
  const { nodes } = await compiled.profile(inputsOf(graph), { rounds: 2 });
  expect(nodes.map(({ name }) => name)).toEqual(Array.from({ length: count }, (_, i) => `sigmoid ${i}`));
  expect(nodes.every(({ medianNanoseconds }) => medianNanoseconds >= 0)).toBe(true);
  const starts = nodes.map(({ startNanoseconds }) => startNanoseconds);
  expect(starts).toEqual(starts.toSorted((a, b) => a - b));
  await compiled.dispose();
});

test("wrong options, inputs and devices are refused", async () => {
  const graph = branches();
  const compiled = await compiledOf(graph);
  const inputs = inputsOf(graph);
  await expect(compiled.profile(inputs, { rounds: 0 })).rejects.toThrow(
    new UsageError("profile: rounds is 0, expected a whole number of at least 1"),
  );
  await expect(compiled.profile({})).rejects.toThrow(
    new UsageError('profile: input "image" is missing, expected [1, 3, 6, 8]'),
  );
  await compiled.dispose();
  await expect(compiled.profile(inputs)).rejects.toThrow(
    new DeviceError("disposed", "profile: the model was disposed of"),
  );
});

test("a device without timestamps says so", async () => {
  const bare = Gpu.fromDevice(withoutFeature(gpu.device, "timestamp-query"), { owned: false });
  const compiled = await compiledOf(branches(), bare);
  await expect(compiled.profile(inputsOf(branches()))).rejects.toThrow(/^profile: this device has no timestamp-query/);
  await expect(compiled.profile(inputsOf(branches()))).rejects.toMatchObject({ kind: "unsupported" });
  await compiled.dispose();
  await bare.dispose();
});
