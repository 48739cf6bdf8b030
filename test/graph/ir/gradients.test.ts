// Gradients of a graph of many operators: the same on every run, and in f16 near those in f32.
import { afterAll, beforeAll, expect, test } from "vitest";
import { difference } from "../../../src/difference.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import { compile } from "../../../src/graph/run/compile.ts";
import * as ops from "../../../src/ops/index.ts";
import { elementCount, type Shape, type Tensor } from "../../../src/tensor.ts";
import { openTestGpu } from "../../support/gpu.ts";
import { createRandom, uniform } from "../../support/random.ts";
import { randomParameter } from "../../support/random-graph.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu?.dispose());

const image: Shape = [2, 4, 6, 5];

/** Normalizations of every kind, products, a softmax, reductions, and activations. */
function gradientGraph() {
  const b = new GraphBuilder();
  const parameters: (readonly [string, Shape])[] = [];
  const parameter = (name: string, ...shape: number[]) => {
    parameters.push([name, shape]);
    return b.parameter(name, shape);
  };
  const vector = (name: string) => parameter(name, 4);
  const x = b.input("x", image);
  const statistics = ["weight", "bias", "running_mean", "running_var"].map((field) => vector(`bn.${field}`));
  const norm = (name: string) => [vector(`${name}.weight`), vector(`${name}.bias`)];
  const slope = parameter("prelu.weight", 4, 1, 1);
  // Side by side: behind each other, they would take out what the one before has scaled, and leave rounding.
  const branches = [
    b.apply(ops.gelu, [b.apply(ops.batchNorm, [x, ...statistics], {})], {}),
    b.apply(ops.prelu, [b.apply(ops.groupNorm, [x, ...norm("gn")], { groups: 2 }), slope], {}),
    b.apply(ops.silu, [b.apply(ops.instanceNorm, [x, ...norm("in")], {})], {}),
  ];
  const joined = branches.reduce((sum, branch) => b.apply(ops.add, [sum, branch], {}));
  const tokens = b.apply(ops.reshape, [joined], { shape: [2, 4, 30] });
  const layer = b.apply(ops.layerNorm, [tokens, parameter("ln.weight", 30), parameter("ln.bias", 30)], {});
  const mixed = b.apply(ops.linear, [layer, parameter("fc.weight", 8, 30), parameter("fc.bias", 8)], {});
  const shares = b.apply(ops.softmax, [mixed], { axis: -1 });
  const scores = b.apply(ops.matmul, [shares, b.apply(ops.transpose, [mixed], { permutation: [0, 2, 1] })], {});
  const reduced = [ops.amax, ops.l2Norm, ops.logSumExp, ops.mean].map((reduction) =>
    b.apply(reduction, [scores], { axes: [-1] }),
  );
  const total = reduced.reduce((sum, value) => b.apply(ops.add, [sum, value], {}));
  const loss = b.apply(ops.sum, [b.apply(ops.mul, [total, total], {})], {});
  const wanted = [x, ...parameters.map(([name, shape]) => b.parameter(name, shape))];
  b.gradients(loss, wanted).forEach((gradient, i) => {
    b.output(wanted[i]!.name, gradient);
  });
  return { graph: b.build(), counts: new Map(parameters.map(([name, shape]) => [name, elementCount(shape)])) };
}

async function run(precision: "f32" | "f16", times = 1) {
  const { graph, counts } = gradientGraph();
  const parameter = async (name: string) => {
    const values = randomParameter(name, counts.get(name)!);
    return name.endsWith("running_var") ? values.map((value) => value * value + 0.5) : values;
  };
  const compiled = await compile(gpu, graph, { parameter, precision });
  const results: Readonly<Record<string, Tensor>>[] = [];
  const data = uniform(elementCount(image), createRandom(4));
  for (let i = 0; i < times; i++) results.push(await compiled.run({ x: { shape: image, data } }));
  await compiled.dispose();
  return results;
}

test("are the same twice", async () => {
  const [first, second] = await run("f32", 2);
  expect(Object.keys(first!)).toHaveLength(14);
  for (const [name, { data }] of Object.entries(first!)) {
    expect(data.every(Number.isFinite), name).toBe(true);
    expect(data, name).toEqual(second![name]!.data);
  }
});

test("in f16 stay near f32", async ({ skip }) => {
  skip(!gpu.features.has("shader-f16"), "no shader-f16");
  const [[full], [half]] = [await run("f32"), await run("f16")];
  for (const [name, { shape, data }] of Object.entries(full!)) {
    const apart = difference(shape, half![name]!.data, data);
    // Those of the normalizations' weights are sums whose terms nearly cancel: 11e-3; the rest is below 5e-3.
    expect(apart.relativeL2, name).toBeLessThan(2e-2);
    expect(apart.relativeL2, `${name} in f16`).toBeGreaterThan(0);
  }
});
