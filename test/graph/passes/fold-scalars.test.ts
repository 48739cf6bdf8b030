// Factors and terms behind convolutions, such as the learned ones of PP-LCNetV3.
import { afterAll, beforeAll, expect, test } from "vitest";
import { difference } from "../../../src/difference.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import type { Graph, Value } from "../../../src/graph/ir/graph.ts";
import { optimize } from "../../../src/graph/passes/optimize.ts";
import { compile } from "../../../src/graph/run/compile.ts";
import { conv2d } from "../../../src/ops/conv/conv2d.ts";
import { convTranspose2d } from "../../../src/ops/conv/transpose2d.ts";
import { hardSwish } from "../../../src/ops/elementwise/activations.ts";
import { add, mul } from "../../../src/ops/elementwise/arithmetic.ts";
import { batchNorm } from "../../../src/ops/norm/batch-norm.ts";
import { elementCount } from "../../../src/tensor.ts";
import { openTestGpu } from "../../support/gpu.ts";
import { createRandom, uniform } from "../../support/random.ts";
import { randomParameter } from "../../support/random-graph.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu.dispose());

type Layer = (b: GraphBuilder, x: Value) => Value;

const conv: Layer = (b, x) => b.apply(conv2d, [x, b.parameter("w", [6, 3, 3, 3])], { padding: 1 }, { name: "conv" });
const biased: Layer = (b, x) =>
  b.apply(conv2d, [x, b.parameter("w", [6, 3, 1, 1])], {}, { name: "conv", bias: b.parameter("b", [6]) });
const transposed: Layer = (b, x) => b.apply(convTranspose2d, [x, b.parameter("w", [3, 6, 2, 2])], { stride: 2 });
const normalized: Layer = (b, x) =>
  b.apply(batchNorm, [conv(b, x), ...["g", "h", "m", "v"].map((name) => b.parameter(name, [6]))], {});

/** The layer, scaled and shifted by scalars of some shape, or by the other. */
function graphOf(layer: Layer, shape: readonly number[] = [1], shared = false): Graph {
  const b = new GraphBuilder();
  const made = layer(b, b.input("x", [2, 3, 7, 9]));
  const scaled = b.apply(mul, [b.parameter("scale", shape), made], {});
  const y = b.apply(hardSwish, [b.apply(add, [scaled, b.parameter("shift", shape)], {})], {}, { name: "y" });
  b.output("y", y);
  if (shared) b.output("made", made);
  return b.build();
}

/** Nodes of every run. */
function running({ nodes }: Graph): readonly string[] {
  const depends = new Set<Value>();
  const run = nodes.filter(({ inputs, outputs }) => {
    const runs = inputs.some((input) => input.kind === "input" || depends.has(input));
    if (runs) for (const output of outputs) depends.add(output);
    return runs;
  });
  return run.map(({ operator }) => operator.name);
}

async function run(graph: Graph) {
  const counts = new Map(graph.parameters.map(({ name, type }) => [name, elementCount(type.shape)]));
  const parameter = async (name: string) =>
    randomParameter(name, counts.get(name)!).map((value) => (name === "v" ? value * value + 1 : value));
  const compiled = await compile(gpu, graph, { parameter });
  const { shape } = graph.inputs[0]!.type;
  const results = await compiled.run({ x: { shape, data: uniform(elementCount(shape), createRandom(3)) } });
  await compiled.dispose();
  return results;
}

for (const [why, layer, operator] of [
  ["without a bias", conv, "conv2d"],
  ["with a bias", biased, "conv2d"],
  ["transposed", transposed, "convTranspose2d"],
  ["with batch norm", normalized, "conv2d"],
] as const) {
  test(`${why}: one node of every run, and the same numbers`, async () => {
    const graph = graphOf(layer);
    expect(running(optimize(graph))).toEqual([operator]);
    // An output that others read keeps everything apart.
    const apart = graphOf(layer, [1], true);
    expect(running(optimize(apart))).toContain("mul");
    const [{ y }, { y: expected }] = [await run(graph), await run(apart)];
    expect(difference(y!.shape, y!.data, expected!.data).relativeL2).toBeLessThan(1e-6);
  });
}

test("what is no scalar, or not known before the run, stays", () => {
  expect(running(optimize(graphOf(conv, [6, 1, 1])))).toEqual(["conv2d", "mul", "add", "hardSwish"]);
  const b = new GraphBuilder();
  b.output("y", b.apply(mul, [conv(b, b.input("x", [2, 3, 7, 9])), b.input("scale", [1])], {}));
  expect(running(optimize(b.build()))).toEqual(["conv2d", "mul"]);
});
