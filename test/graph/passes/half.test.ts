// Graphs that store their tensors in f16.
import { afterAll, beforeAll, expect, test } from "vitest";
import { difference } from "../../../src/difference.ts";
import { UsageError } from "../../../src/errors.ts";
import { Gpu } from "../../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import type { Graph } from "../../../src/graph/ir/graph.ts";
import { optimize } from "../../../src/graph/passes/optimize.ts";
import { compile } from "../../../src/graph/run/compile.ts";
import { f16ToF32, fromF32 } from "../../../src/half.ts";
import { conv2d } from "../../../src/ops/conv/conv2d.ts";
import { relu } from "../../../src/ops/elementwise/activations.ts";
import { add, mul, sub } from "../../../src/ops/elementwise/arithmetic.ts";
import { concat } from "../../../src/ops/move/concat.ts";
import { batchNorm } from "../../../src/ops/norm/batch-norm.ts";
import { argmax } from "../../../src/ops/reduce/argmax.ts";
import { elementCount } from "../../../src/tensor.ts";
import { openTestGpu, withoutFeature } from "../../support/gpu.ts";
import { createRandom, uniform } from "../../support/random.ts";
import { randomGraph, randomParameter } from "../../support/random-graph.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu.dispose());

function parametersOf(graph: Graph): (name: string) => Promise<Float32Array> {
  const counts = new Map(graph.parameters.map(({ name, type }) => [name, elementCount(type.shape)]));
  return async (name) => randomParameter(name, counts.get(name)!);
}

/** Convolution, unfolded batch norm, concatenation in place, argmax; odd sizes, so that batch items end within words. */
function mixedGraph(): Graph {
  const b = new GraphBuilder();
  const image = b.input("image", [2, 3, 5, 7]);
  const statistics = (of: string) =>
    ["weight", "bias", "running_mean", "running_var"].map((field) => b.parameter(`${of}.${field}`, [3]));
  const normalized = b.apply(batchNorm, [image, ...statistics("bn")], {}, { name: "bn" });
  const convolved = b.apply(
    conv2d,
    [normalized, b.parameter("conv.weight", [5, 3, 3, 3])],
    { padding: 1 },
    {
      name: "conv",
      bias: b.parameter("conv.bias", [5]),
    },
  );
  const joined = b.apply(
    concat,
    [normalized, b.apply(relu, [convolved], {}, { name: "relu" })],
    {},
    { name: "joined" },
  );
  b.output("joined", joined);
  b.output("classes", b.apply(argmax, [joined], {}, { name: "classes" }));
  return b.build();
}

for (const seed of [0, 1, 2, 3, 5, 8, 13, 21]) {
  test(`random graph ${seed} stays near its f32`, async ({ skip }) => {
    skip(!gpu.features.has("shader-f16"), "no shader-f16");
    const graph = randomGraph(seed, 14);
    const { shape } = graph.inputs[0]!.type;
    const inputs = { image: { shape, data: uniform(elementCount(shape), createRandom(seed)) } };
    const [full, half] = await Promise.all(
      (["f32", "f16"] as const).map((precision) => compile(gpu, graph, { precision, parameter: parametersOf(graph) })),
    );
    const [expected, results] = [await full!.run(inputs), await half!.run(inputs)];
    for (const [name, { type }] of graph.outputs) {
      const { relativeL2 } = difference(type.shape, results[name]!.data, expected[name]!.data);
      expect(relativeL2, name).toBeLessThan(5e-3);
    }
    await Promise.all([full!.dispose(), half!.dispose()]);
  });
}

test("every node but the kept ones works on f16; biases and statistics stay f32", () => {
  const { nodes, outputs } = optimize(mixedGraph(), { precision: "f16", keepFull: ["conv"] });
  const types = new Map(nodes.map(({ name, inputs }) => [name, inputs.map(({ type }) => type.dtype)]));
  expect(types.get("bn")).toEqual(["f16", "f32", "f32", "f32", "f32"]);
  // The convolution is one node with its ReLU, under that name.
  expect(types.get("relu")).toEqual(["f32", "f32", "f32"]);
  expect(types.get("joined")).toEqual(["f16", "f16"]);
  expect([...outputs.values()].map(({ type }) => type.dtype)).toEqual(["f32", "i32"]);
});

test("without names to keep, a convolution takes all but its bias in f16", () => {
  const { nodes } = optimize(mixedGraph(), { precision: "f16" });
  const convolution = nodes.find(({ name }) => name === "relu");
  expect(convolution?.inputs.map(({ type }) => type.dtype)).toEqual(["f16", "f16", "f32"]);
});

test("what repeats in arithmetic stays f32: its rounding would push all results the same way", async ({ skip }) => {
  const b = new GraphBuilder();
  const shape = [1, 4, 32, 32];
  const scaled = b.apply(mul, [b.parameter("scale", [1]), b.input("x", shape)], {}, { name: "scaled" });
  const shifted = b.apply(add, [scaled, b.parameter("shift", [4, 1, 1])], {}, { name: "shifted" });
  b.output("y", b.apply(sub, [shifted, b.parameter("map", shape)], {}, { name: "y" }));
  const graph = b.build();
  const { nodes } = optimize(graph, { precision: "f16" });
  const types = new Map(nodes.map(({ name, inputs }) => [name, inputs.map(({ type }) => type.dtype)]));
  expect(types.get("scaled")).toEqual(["f32", "f16"]);
  expect(types.get("shifted")).toEqual(["f16", "f32"]);
  expect(types.get("y")).toEqual(["f16", "f16"]);

  skip(!gpu.features.has("shader-f16"), "no shader-f16");
  const alone = new GraphBuilder();
  alone.output("y", alone.apply(mul, [alone.parameter("scale", [1]), alone.input("x", shape)], {}));
  // Between two numbers of f16, which are 1/2048 apart there.
  const scale = 1434.4 / 2048;
  const data = uniform(elementCount(shape), createRandom(6)).map((value) => value + 3);
  const parameter = async () => Float32Array.of(scale);
  const compiled = await compile(gpu, alone.build(), { precision: "f16", parameter });
  const { y } = await compiled.run({ x: { shape, data } });
  await compiled.dispose();
  const sum = (of: Float32Array) => of.reduce((total, value) => total + value, 0);
  expect(sum(y!.data as Float32Array) / sum(data) / scale).toBeCloseTo(1, 4);
});

test("parameters and inputs of f16 are given as their bits", async ({ skip }) => {
  skip(!gpu.features.has("shader-f16"), "no shader-f16");
  const b = new GraphBuilder();
  b.output("y", b.apply(relu, [b.input("x", [3, 3], "f16")], {}));
  const values = Float32Array.of(-1, 2, -3, 4, -5, 6, -7, 8, 0.1);
  const compiled = await compile(gpu, b.build(), { parameter: async () => new Float32Array() });
  const { y } = await compiled.run({ x: { shape: [3, 3], data: fromF32(values, "f16") } });
  const wanted = f16ToF32(fromF32(values, "f16") as Uint16Array).map((value) => Math.max(value, 0));
  expect(f16ToF32(y!.data as Uint16Array)).toEqual(wanted);
  await expect(compiled.run({ x: { shape: [3, 3], data: values } })).rejects.toThrow("expected Uint16Array of 9");
  await compiled.dispose();
});

test("weights of f16 give what they give widened, folded batch norm included", async ({ skip }) => {
  skip(!gpu.features.has("shader-f16"), "no shader-f16");
  const b = new GraphBuilder();
  const x = b.input("x", [1, 3, 6, 6]);
  const convolved = b.apply(conv2d, [x, b.parameter("conv.weight", [5, 3, 3, 3])], { padding: 1 }, { name: "conv" });
  const statistics = ["weight", "bias", "running_mean", "running_var"].map((field) => b.parameter(`bn.${field}`, [5]));
  b.output("y", b.apply(batchNorm, [convolved, ...statistics], {}, { name: "bn" }));
  const graph = b.build();
  const bits = async (name: string) => fromF32(await parametersOf(graph)(name), "f16") as Uint16Array;
  const given = { x: { shape: [1, 3, 6, 6], data: uniform(108, createRandom(4)) } };
  const wide = await compile(gpu, graph, { parameter: async (name) => f16ToF32(await bits(name)) });
  const halfParameters = new Set(graph.parameters.map(({ name }) => name));
  const half = await compile(gpu, graph, { parameter: bits, halfParameters });
  expect(half.steps).toEqual(wide.steps);
  expect((await half.run(given)).y!.data).toEqual((await wide.run(given)).y!.data);
  await Promise.all([wide.dispose(), half.dispose()]);
});

test("f16 weights of a graph in f16 are not converted", () => {
  const b = new GraphBuilder();
  const x = b.input("x", [1, 2, 4, 4]);
  b.output("y", b.apply(conv2d, [x, b.parameter("w", [2, 2, 1, 1])], {}, { name: "conv" }));
  const graph = b.build();
  const { nodes } = optimize(graph, { precision: "f16", halfParameters: new Set(["w"]) });
  expect(nodes.map(({ name }) => name)).toEqual(["x:f16", "conv", "conv:f32"]);
});

test("a device without shader-f16 and names of no node are refused", async () => {
  const graph = mixedGraph();
  const bare = Gpu.fromDevice(withoutFeature(gpu.device, "shader-f16"), { owned: false });
  const parameter = parametersOf(graph);
  await expect(compile(bare, graph, { precision: "f16", parameter })).rejects.toThrow("has no shader-f16");
  await bare.dispose();
  expect(() => optimize(graph, { precision: "f16", keepFull: ["cnov"] })).toThrow(UsageError);
});
