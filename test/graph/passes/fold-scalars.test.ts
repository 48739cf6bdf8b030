// Factors and terms behind convolutions, such as the learned ones of PP-LCNetV3.
import { afterAll, beforeAll, expect, test } from "vitest";
import { difference } from "../../../src/difference.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import type { Graph, Value } from "../../../src/graph/ir/graph.ts";
import { foldScalars } from "../../../src/graph/passes/fold-scalars.ts";
import { optimize } from "../../../src/graph/passes/optimize.ts";
import { compile } from "../../../src/graph/run/compile.ts";
import { conv2d, convTranspose2d } from "../../../src/ops/conv/conv2d.ts";
import { hardSwish, relu } from "../../../src/ops/elementwise/activations.ts";
import { add, mul } from "../../../src/ops/elementwise/arithmetic.ts";
import { batchNorm } from "../../../src/ops/norm/batch-norm.ts";
import { elementCount } from "../../../src/tensor.ts";
import { countConvolutions, expectSame, linesOf, randomGraphs, runningNodes } from "../../support/check-pass.ts";
import { openTestGpu } from "../../support/gpu.ts";
import { createRandom, uniform } from "../../support/random.ts";
import { randomParameter } from "../../support/random-graph.ts";
import { scalarLayers } from "../../support/random-layers.ts";

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

/** Operators of every run. */
function running(graph: Graph): readonly string[] {
  return runningNodes(graph).map(({ operator }) => operator.name);
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

test("random graphs compute what they did, in no more nodes of every run", () => {
  let removed = 0;
  for (const [seed, graph] of randomGraphs(150, scalarLayers)) {
    const folded = foldScalars(graph);
    expectSame(graph, folded);
    expect(countConvolutions(folded), seed).toBe(countConvolutions(graph));
    const gain = runningNodes(graph).length - runningNodes(folded).length;
    expect(gain, seed).toBeGreaterThanOrEqual(0);
    removed += gain;
  }
  expect(removed).toBeGreaterThan(50);
});

/** A convolution of x [2, 3, 5, 6] to 6 channels, then what `build` makes of it. */
function after(
  build: (b: GraphBuilder, y: Value) => Readonly<Record<string, Value>>,
  { bias = false }: { bias?: boolean } = {},
): string[] {
  const b = new GraphBuilder();
  const made = (bias ? biased : conv)(b, b.input("x", [2, 3, 5, 6]));
  for (const [name, value] of Object.entries(build(b, made))) b.output(name, value);
  const graph = b.build();
  const folded = foldScalars(graph);
  expectSame(graph, folded);
  return linesOf(folded);
}

const scaled = (b: GraphBuilder, y: Value, name = "scaled") =>
  b.apply(mul, [b.parameter("scale", [1]), y], {}, { name });
const shifted = (b: GraphBuilder, y: Value, name = "shifted") =>
  b.apply(add, [y, b.parameter("shift", [])], {}, { name });

test("a factor goes into weight and bias, a term into the bias alone", () => {
  expect(after((b, y) => ({ out: shifted(b, scaled(b, y)) }), { bias: true })).toEqual([
    "w:folded = mul(w, scale)",
    "b:folded = mul(b, scale)",
    "b:folded:folded = add(b:folded, shift)",
    "shifted = conv2d(x, w:folded, b:folded:folded) + bias",
  ]);
  expect(after((b, y) => ({ out: scaled(b, shifted(b, y)) }))).toEqual([
    "shifted.bias:folded = expand(shift)",
    "w:folded = mul(w, scale)",
    "shifted.bias:folded:folded = mul(shifted.bias:folded, scale)",
    "scaled = conv2d(x, w:folded, shifted.bias:folded:folded) + bias",
  ]);
});

test("a convolution that others read stays, and so does one that is an output", () => {
  const apart = ["conv = conv2d(x, w)", "scaled = mul(scale, conv)"];
  expect(after((b, y) => ({ between: y, out: scaled(b, y) }))).toEqual(apart);
  expect(after((b, y) => ({ one: scaled(b, y), two: b.apply(relu, [y], {}, { name: "relu" }) }))).toEqual([
    ...apart,
    "relu = relu(conv)",
  ]);
  expect(after((b, y) => ({ one: scaled(b, y), two: shifted(b, y) }))).toEqual([
    ...apart,
    "shifted = add(conv, shift)",
  ]);
  expect(after((b, y) => ({ out: b.apply(add, [scaled(b, y), y], {}, { name: "sum" }) }))).toEqual([
    ...apart,
    "sum = add(scaled, conv)",
  ]);
});

test("a product that is an output stays where a term follows", () => {
  expect(
    after((b, y) => {
      const between = scaled(b, y);
      return { between, out: shifted(b, between) };
    }),
  ).toEqual(["w:folded = mul(w, scale)", "scaled = conv2d(x, w:folded)", "shifted = add(scaled, shift)"]);
});

test("a scalar that others read too still folds, and stays for them", () => {
  expect(
    after((b, y) => {
      const scale = b.parameter("scale", [1]);
      return { out: b.apply(relu, [scaled(b, y)], {}, { name: "relu" }), squared: b.apply(mul, [scale, scale], {}) };
    }),
  ).toEqual([
    "w:folded = mul(w, scale)",
    "scaled = conv2d(x, w:folded)",
    "relu = relu(scaled)",
    "mul.3 = mul(scale, scale)",
  ]);
});

test("what lies behind an activation, repeats along channels only, or has more axes stays", () => {
  expect(after((b, y) => ({ out: scaled(b, b.apply(relu, [y], {}, { name: "relu" })) })).at(-1)).toBe(
    "scaled = mul(scale, relu)",
  );
  // The last axis has 6 elements, too.
  for (const shape of [[6, 1, 1], [1, 1, 1, 1], [6]]) {
    const lines = after((b, y) => ({ out: b.apply(mul, [y, b.parameter("r", shape)], {}, { name: "out" }) }));
    expect(lines.at(-1)).toBe("out = mul(conv, r)");
  }
});

test("a scalar that is computed from parameters is known before the run", () => {
  expect(
    after((b, y) => {
      const twice = b.apply(add, [b.parameter("scale", [1]), b.parameter("scale", [1])], {}, { name: "twice" });
      return { out: b.apply(mul, [y, twice], {}, { name: "out" }) };
    }),
  ).toEqual(["twice = add(scale, scale)", "w:folded = mul(w, twice)", "out = conv2d(x, w:folded)"]);
});

test("weights that come with every run stay", () => {
  const b = new GraphBuilder();
  const y = b.apply(conv2d, [b.input("x", [1, 3, 5, 6]), b.input("w", [6, 3, 3, 3])], {}, { name: "conv" });
  b.output("out", scaled(b, y));
  expect(linesOf(foldScalars(b.build()))).toEqual(["conv = conv2d(x, w)", "scaled = mul(scale, conv)"]);
});
