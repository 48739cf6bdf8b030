// Operators in a compiled graph: weights packed once, parameters that stay f32 in f16, masks and indices between floats.
import { afterAll, beforeAll, expect, test } from "vitest";
import { difference } from "../../../src/difference.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import { compile } from "../../../src/graph/run/compile.ts";
import * as ops from "../../../src/ops/index.ts";
import { openTestGpu } from "../../support/gpu.ts";
import { createRandom, uniform } from "../../support/random.ts";
import { randomParameter } from "../../support/random-graph.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu.dispose());

const [tokens, width] = [6, 8];

/** Attention over tokens, some of them masked, between a normalization and a gate; and a choice of its rows. */
function attention() {
  const b = new GraphBuilder();
  const x = b.input("x", [2, tokens, width]);
  const vector = (name: string) => b.parameter(name, [width]);
  const layer = (name: string, input: typeof x) =>
    b.apply(ops.linear, [input, b.parameter(`${name}.weight`, [width, width]), vector(`${name}.bias`)], {}, { name });
  const normed = b.apply(ops.layerNorm, [x, vector("norm.weight"), vector("norm.bias")], {}, { name: "norm" });
  const keys = b.apply(ops.transpose, [layer("key", normed)], { permutation: [0, 2, 1] });
  const scores = b.apply(ops.matmul, [layer("query", normed), keys], {}, { name: "scores" });
  const none = b.constant("none", { shape: [1], data: Float32Array.of(-100) });
  const mask = b.apply(ops.less, [scores, b.apply(ops.amax, [scores], { axes: [-1], keepDim: true })], {});
  const shown = b.apply(ops.where, [b.apply(ops.logicalNot, [mask], {}), none, scores], {});
  const mixed = b.apply(ops.matmul, [b.apply(ops.softmax, [shown], { axis: -1 }), layer("value", normed)], {});
  const gated = b.apply(ops.mul, [b.apply(ops.gelu, [mixed], {}), b.apply(ops.hardSigmoid, [x], {})], {});
  const rows = b.constant("rows", { shape: [2], data: Int32Array.of(-1, 0) });
  b.output("chosen", b.apply(ops.gather, [gated, rows], { axis: 1 }, { name: "chosen" }));
  b.output("gated", gated);
  b.output("mean", b.apply(ops.mean, [gated], { axes: [1] }, { name: "mean" }));
  return b.build();
}

async function run(precision: "f32" | "f16") {
  const graph = attention();
  const counts = new Map(graph.parameters.map(({ name, type }) => [name, type.shape.reduce((a, b) => a * b, 1)]));
  const parameter = async (name: string) => randomParameter(name, counts.get(name)!);
  const compiled = await compile(gpu, graph, { parameter, precision });
  const data = uniform(2 * tokens * width, createRandom(4));
  const { chosen, gated, mean } = await compiled.run({ x: { shape: [2, tokens, width], data } });
  const prepared = compiled.steps.map(({ name }) => name);
  await compiled.dispose();
  return { chosen: chosen!, gated: gated!, mean: mean!, prepared };
}

test("chosen rows are those of the whole, and f16 stays near f32", async ({ skip }) => {
  const full = await run("f32");
  const row = (item: number, token: number) => {
    const first = (item * tokens + token) * width;
    return [...full.gated.data.slice(first, first + width)];
  };
  expect([...full.chosen.data]).toEqual([row(0, tokens - 1), row(0, 0), row(1, tokens - 1), row(1, 0)].flat());
  full.mean.data.forEach((value, i) => {
    const column = Array.from({ length: tokens }, (_, token) => row(Math.floor(i / width), token)[i % width]!);
    expect(value).toBeCloseTo(column.reduce((sum, term) => sum + term, 0) / tokens, 6);
  });
  expect(
    full.prepared.some((name) => name.includes("packed")),
    "weights packed on every run",
  ).toBe(false);
  skip(!gpu.features.has("shader-f16"), "no shader-f16");
  const half = await run("f16");
  for (const name of ["chosen", "mean"] as const) {
    const apart = difference(full[name].shape, half[name].data, full[name].data);
    expect(apart.relativeL2, name).toBeLessThan(5e-3);
    expect(apart.relativeL2, `${name} in f16`).toBeGreaterThan(0);
  }
});
