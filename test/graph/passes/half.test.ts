// Graphs that store their tensors in f16.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { difference } from "../../../src/difference.ts";
import { UsageError } from "../../../src/errors.ts";
import { Gpu } from "../../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import type { Graph, Value } from "../../../src/graph/ir/graph.ts";
import { storeHalf, takeHalf } from "../../../src/graph/passes/half.ts";
import { optimize } from "../../../src/graph/passes/optimize.ts";
import { compile } from "../../../src/graph/run/compile.ts";
import { f16ToF32, fromF32 } from "../../../src/half.ts";
import { conv2d } from "../../../src/ops/conv/conv2d.ts";
import { relu } from "../../../src/ops/elementwise/activations.ts";
import { add, mul, sub } from "../../../src/ops/elementwise/arithmetic.ts";
import { cast } from "../../../src/ops/elementwise/cast.ts";
import { neg } from "../../../src/ops/elementwise/unary.ts";
import { concat } from "../../../src/ops/move/concat.ts";
import { reshape } from "../../../src/ops/move/reshape.ts";
import { batchNorm } from "../../../src/ops/norm/batch-norm.ts";
import { batchNormTraining } from "../../../src/ops/norm/batch-norm-training.ts";
import { argmax } from "../../../src/ops/reduce/argmax.ts";
import { sum } from "../../../src/ops/reduce/sum-expand.ts";
import { elementCount } from "../../../src/tensor.ts";
import { expectSame, linesOf, numbersOf, randomGraphs, runningNodes } from "../../support/check-pass.ts";
import { openTestGpu, withoutFeature } from "../../support/gpu.ts";
import { createRandom, uniform } from "../../support/random.ts";
import { randomGraph, randomParameter } from "../../support/random-graph.ts";
import { passLayers, pooled } from "../../support/random-layers.ts";

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

describe("storeHalf, without a GPU", () => {
  // Indices of maxima are others where two values round to one.
  const layers = passLayers.filter((layer) => layer !== pooled);

  test("random graphs stay near their f32, with f16 wherever a node runs on data", () => {
    for (const [seed, graph] of randomGraphs(100, layers)) {
      const optimized = optimize(graph);
      const half = storeHalf(optimized);
      expectSame(optimized, half, { tolerance: 2e-2 });
      const running = new Set(runningNodes(half));
      for (const node of half.nodes) {
        const { operator, inputs, outputs, name } = node;
        if (operator === cast) expect(inputs[0]!.producer?.operator, `${seed}: ${name} casts once`).not.toBe(cast);
        else if (!running.has(node)) expect(dtypesOf(outputs), `${seed}: ${name}`).not.toContain("f16");
        else if (inputs.some(({ type }) => type.dtype === "f16")) {
          expect(outputs[0]!.type.dtype, `${seed}: ${name}`).toBe("f16");
        }
        // Statistics are what a node on f16 gives beside its result.
        for (const output of outputs.slice(1)) expect(output.type.dtype, `${seed}: ${output.name}`).not.toBe("f16");
      }
      expect(half.nodes.filter(({ operator }) => operator !== cast).length, seed).toBe(optimized.nodes.length);
    }
  });

  /** y = trained(x), and what `build` makes of it and its mean. */
  function trained(build: (b: GraphBuilder, y: Value, mean: Value) => Readonly<Record<string, Value>>): Graph {
    const b = new GraphBuilder();
    const vectors = ["gamma", "beta"].map((name) => b.parameter(name, [4]));
    const x = b.input("x", [2, 4, 5, 6]);
    const [y, mean] = b.applyAll(batchNormTraining, [x, ...vectors], {}, { name: "trained" });
    for (const [name, value] of Object.entries(build(b, y!, mean!))) b.output(name, value);
    return b.build();
  }

  test("statistics are f32, and so is what is computed of them alone", () => {
    const graph = trained((b, y, mean) => {
      const square = b.apply(mul, [mean, mean], {}, { name: "square" });
      const total = b.apply(sum, [square], { axes: [0] }, { name: "total" });
      return { y: b.apply(relu, [y], {}, { name: "relu" }), total };
    });
    const half = storeHalf(graph);
    expectSame(graph, half, { tolerance: 5e-3 });
    expect(linesOf(half)).toEqual([
      "x:f16 f16 = cast(x)",
      "trained f16, trained:1, trained:2 = batchNormTraining(x:f16, gamma, beta)",
      "square = mul(trained:1, trained:1)",
      "total = sum(square)",
      "relu f16 = relu(trained)",
      "relu:f32 = cast(relu)",
    ]);
  });

  test("a statistic that meets data is converted there, and stays f32 for others", () => {
    const graph = trained((b, y, mean) => {
      const column = b.apply(reshape, [mean], { shape: [4, 1, 1] }, { name: "column" });
      return { centred: b.apply(sub, [y, column], {}, { name: "centred" }), column };
    });
    const half = storeHalf(graph);
    expectSame(graph, half, { tolerance: 5e-3 });
    expect(linesOf(half).slice(2)).toEqual([
      "column = reshape(trained:1)",
      "column:f16 f16 = cast(column)",
      "centred f16 = sub(trained, column:f16)",
      "centred:f32 = cast(centred)",
    ]);
  });

  test("a value that two nodes read is converted once; a kept node reads and writes f32", () => {
    const b = new GraphBuilder();
    const x = b.input("x", [1, 4, 5, 6]);
    const one = b.apply(relu, [x], {}, { name: "one" });
    const two = b.apply(sub, [x, one], {}, { name: "two" });
    b.output("input", x);
    b.output("out", b.apply(add, [two, one], {}, { name: "sum" }));
    const half = storeHalf(b.build(), new Set(["two"]));
    expectSame(b.build(), half, { tolerance: 5e-3 });
    expect(linesOf(half)).toEqual([
      "x:f16 f16 = cast(x)",
      "one f16 = relu(x:f16)",
      "one:f32 = cast(one)",
      "two = sub(x, one:f32)",
      "two:f16 f16 = cast(two)",
      "sum f16 = add(two:f16, one)",
      "sum:f32 = cast(sum)",
    ]);
  });

  test("an output under two names, and one that a kept node reads, is converted once", () => {
    const b = new GraphBuilder();
    const one = b.apply(relu, [b.input("x", [1, 4, 5, 6])], {}, { name: "one" });
    b.output("first", one);
    b.output("again", one);
    b.output("two", b.apply(neg, [one], {}, { name: "two" }));
    const half = storeHalf(b.build(), new Set(["two"]));
    expectSame(b.build(), half, { tolerance: 5e-3 });
    expect(linesOf(half)).toEqual([
      "x:f16 f16 = cast(x)",
      "one f16 = relu(x:f16)",
      "one:f32 = cast(one)",
      "two = neg(one:f32)",
    ]);
  });

  test("a weight that two convolutions share and two normalizations fold into is another one for each", () => {
    const b = new GraphBuilder();
    const x = b.input("x", [1, 4, 5, 6]);
    for (const name of ["one", "two"]) {
      const y = b.apply(conv2d, [x, b.parameter("w", [4, 4, 1, 1])], {}, { name: `${name}.conv` });
      const fields = ["weight", "bias", "running_mean", "running_var"];
      b.output(
        name,
        b.apply(batchNorm, [y, ...fields.map((field) => b.parameter(`${name}.${field}`, [4]))], {}, { name }),
      );
    }
    const graph = b.build();
    const half = optimize(graph, { precision: "f16" });
    expectSame(graph, half, { tolerance: 5e-3 });
  });

  test("what depends on parameters alone is computed in f32 and converted then", () => {
    const b = new GraphBuilder();
    const weight = b.apply(mul, [b.parameter("w", [4, 4, 1, 1]), b.parameter("s", [1])], {}, { name: "scaled" });
    b.output("y", b.apply(conv2d, [b.input("x", [1, 4, 5, 6]), weight], {}, { name: "conv" }));
    const half = storeHalf(b.build());
    expectSame(b.build(), half, { tolerance: 5e-3 });
    expect(linesOf(half)).toEqual([
      "scaled = mul(w, s)",
      "x:f16 f16 = cast(x)",
      "scaled:f16 f16 = cast(scaled)",
      "conv f16 = conv2d(x:f16, scaled:f16)",
      "conv:f32 = cast(conv)",
    ]);
  });
});

describe("takeHalf, without a GPU", () => {
  test("random graphs compute the same of the same weights", () => {
    for (const [, graph] of randomGraphs(40)) {
      const some = graph.parameters.filter((_, i) => i % 3 > 0).map(({ name }) => name);
      const halves = new Set(some);
      const taken = takeHalf(graph, halves);
      // Both read what f16 holds.
      const give = (value: Value) =>
        halves.has(value.name) ? numbersOf(value).map((number) => Math.round(number * 1024) / 1024) : numbersOf(value);
      expectSame(graph, taken, { give });
      expect(dtypesOf(taken.parameters)).toEqual(
        taken.parameters.map(({ name }) => (halves.has(name) ? "f16" : "f32")),
      );
    }
  });

  test("a weight that two nodes read is widened once; a name of no parameter changes nothing", () => {
    const b = new GraphBuilder();
    const [x, w] = [b.input("x", [3]), b.parameter("w", [3])];
    b.output("y", b.apply(mul, [b.apply(add, [x, w], {}, { name: "sum" }), w], {}, { name: "product" }));
    const graph = b.build();
    expect(linesOf(takeHalf(graph, new Set(["w"])))).toEqual([
      "w:f32 = cast(w)",
      "sum = add(x, w:f32)",
      "product = mul(sum, w:f32)",
    ]);
    expect(takeHalf(graph, new Set(["x", "v"]))).toBe(graph);
  });

  test("a weight that is an output of the graph is given as f32", () => {
    const b = new GraphBuilder();
    const w = b.parameter("w", [3]);
    b.output("w", w);
    b.output("y", b.apply(add, [b.input("x", [3]), w], {}, { name: "sum" }));
    const graph = b.build();
    const taken = takeHalf(graph, new Set(["w"]));
    expectSame(graph, taken, { give: (value) => Float64Array.of(1, 2, value.name === "w" ? 3 : 4) });
  });
});

function dtypesOf(values: readonly Value[]): string[] {
  return values.map(({ type }) => type.dtype);
}
