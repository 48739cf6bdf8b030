// Gradients of whole graphs: sums over fan-out, what is removed because nothing uses it, what is refused; and random graphs against differences of a
// float64 interpreter.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import { differentiate } from "../../../src/graph/ir/differentiate.ts";
import type { Graph, Node, Value } from "../../../src/graph/ir/graph.ts";
import { compile } from "../../../src/graph/run/compile.ts";
import { add, argmax, exp, mul, neg, sum } from "../../../src/ops/index.ts";
import { pack } from "../../../src/ops/optimize/packed.ts";
import { elementCount } from "../../../src/tensor.ts";
import { conv2dCases } from "../../cases/conv/conv2d.ts";
import { addCases } from "../../cases/elementwise/arithmetic.ts";
import { concatCases } from "../../cases/move/concat.ts";
import { batchNormCases } from "../../cases/norm/batch-norm.ts";
import { openTestGpu } from "../../support/gpu.ts";
import type { ReferenceTensor } from "../../support/operator-cases.ts";
import { createRandom, seedOf, uniform } from "../../support/random.ts";
import { randomGraph, randomParameter } from "../../support/random-graph.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu?.dispose());

const noParameters = () => Promise.reject(new Error("no parameters"));
const gradientNodes = ({ nodes }: Graph) => nodes.map(({ name }) => name).filter((name) => name.startsWith("grad:"));

describe("the graph", () => {
  test("adds up what flows from several readers, once", async () => {
    const b = new GraphBuilder();
    const x = b.input("x", [3]);
    const shared = b.apply(exp, [x], {}, { name: "shared" });
    const readers = [b.apply(neg, [shared], {}), b.apply(mul, [shared, shared], {}), b.apply(exp, [shared], {})];
    const total = readers.reduce((a, c) => b.apply(add, [a, c], {}));
    const [gx, gs] = b.gradients(b.apply(sum, [total], {}), [x, shared]);
    b.output("gx", gx!);
    b.output("gs", gs!);
    const graph = b.build();
    // Four readers: three sums, though the gradient of `shared` is asked for too; and the gradient of `shared` goes on through exp once.
    expect(gradientNodes(graph).filter((name) => /^grad:shared(:sum\d)?$/.test(name))).toHaveLength(3);
    expect(gradientNodes(graph).filter((name) => /^grad:shared:(?!sum\d)/.test(name))).toHaveLength(1);
    const compiled = await compile(gpu, graph, { parameter: noParameters });
    const data = Float32Array.of(-1, 0, 0.5);
    const results = await compiled.run({ x: { shape: [3], data } }).finally(() => compiled.dispose());
    data.forEach((at, i) => {
      const s = Math.exp(at);
      expect(results.gx!.data[i]).toBeCloseTo(s * (-1 + 2 * s + Math.exp(s)), 5);
    });
  });

  test("has no node for what nobody asked for, nor for what the loss does not see", () => {
    const b = new GraphBuilder();
    const [x, w] = [b.input("x", [3]), b.parameter("w", [3])];
    const before = b.apply(exp, [x], {}, { name: "before" });
    b.apply(exp, [w], {}, { name: "unseen" });
    const loss = b.apply(sum, [b.apply(mul, [before, w], {}, { name: "product" })], {});
    b.output("gw", b.gradients(loss, [w])[0]!);
    const names = gradientNodes(b.build());
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => /before|unseen/.test(name))).toEqual([]);
  });

  test("gives zeros where nothing depends on what was asked for", async () => {
    const b = new GraphBuilder();
    const [x, other] = [b.input("x", [2]), b.input("other", [2, 2])];
    const [gradient] = b.gradients(b.apply(sum, [x], {}), [other]);
    b.output("gradient", gradient!);
    const compiled = await compile(gpu, b.build(), { parameter: noParameters });
    const inputs = {
      x: { shape: [2], data: uniform(2, createRandom(1)) },
      other: { shape: [2, 2], data: new Float32Array(4) },
    };
    const results = await compiled.run(inputs).finally(() => compiled.dispose());
    expect(results.gradient).toEqual({ shape: [2, 2], data: new Float32Array(4) });
  });
});

describe("refused:", () => {
  test("a gradient of another shape, and a loss that is no scalar", () => {
    const b = new GraphBuilder();
    const y = b.apply(exp, [b.input("x", [2, 3])], {}, { name: "y" });
    const gradient = b.input("gy", [3, 2]);
    expect(() => b.gradients([{ value: y, gradient }], [y])).toThrow(
      new UsageError("gradient of y: got shape [3, 2], expected [2, 3]"),
    );
    expect(() => b.gradients(y, [y])).toThrow(new UsageError("gradients of y: got shape [2, 3], expected one element"));
  });

  test("an operator without gradient on the way, by its node; not beside the way, and not behind integers", () => {
    const b = new GraphBuilder();
    const [x, y] = [b.input("x", [128]), b.input("y", [128])];
    const packed = b.apply(pack, [x], {}, { name: "packed" });
    b.apply(argmax, [x], { axis: 0 });
    const loss = b.apply(sum, [b.apply(mul, [packed, y], {})], {});
    expect(() => b.gradients(loss, [x])).toThrow(new UsageError("node packed: pack has no gradient"));
    expect(b.gradients(loss, [y])).toHaveLength(1);
  });
});

/** The references of the operators of random graphs, in float64. */
const references: Readonly<Record<string, (inputs: readonly ReferenceTensor[], node: Node) => Float64Array>> = {
  add: (inputs, { attrs }) => addCases.reference(inputs, attrs)[0]!.data,
  batchNorm: (inputs, { attrs }) => batchNormCases.reference(inputs, attrs as { eps: number })[0]!.data,
  concat: (inputs, { attrs }) => concatCases.reference(inputs, attrs as { axis: number })[0]!.data,
  conv2d: (inputs, { attrs }) =>
    conv2dCases.reference(inputs, attrs as Parameters<typeof conv2dCases.reference>[1])[0]!.data,
  relu: ([x]) => x!.data.map((value) => Math.max(0, value)),
  reshape: ([x]) => x!.data,
};

type Point = ReadonlyMap<Value, Float64Array>;

function evaluate({ nodes }: Graph, point: Point): Point {
  const known = new Map(point);
  for (const node of nodes) {
    const inputs = node.inputs.map((value) => ({ shape: value.type.shape, data: known.get(value)! }));
    known.set(node.outputs[0]!, references[node.operator.name]!(inputs, node));
  }
  return known;
}

test.each(Array.from({ length: 8 }, (_, seed) => seed))("random graph %d, against differences", async (seed) => {
  const graph = randomGraph(seed, 14);
  const image = graph.inputs[0]!;
  const wanted = [image, ...graph.parameters];
  const values = new Map<Value, Float32Array>(
    wanted.map((value) => {
      const count = elementCount(value.type.shape);
      return [value, value === image ? uniform(count, createRandom(seed)) : randomParameter(value.name, count)];
    }),
  );
  const outputs = [...new Set(graph.outputs.values())];
  const gys = outputs.map(({ name, type }) => uniform(elementCount(type.shape), createRandom(seedOf(name))));
  const nodes = [...graph.nodes];
  const seeds = outputs.map((value, i) => {
    const gradient: Value = { name: `gy${i}`, type: value.type, kind: "input" };
    return { value, gradient };
  });
  const gradients = differentiate(graph.nodes, seeds, wanted, (node) => {
    nodes.push(node);
    return node.outputs;
  });
  const reached = wanted.flatMap((value, i) => (gradients[i] ? [{ value, gradient: gradients[i] }] : []));
  const inputs = [...graph.inputs, ...seeds.map(({ gradient }) => gradient)];
  const named = new Map(reached.map(({ value, gradient }) => [value.name, gradient]));
  const parameter = async (name: string) => values.get(graph.parameters.find((value) => value.name === name)!)!;
  const compiled = await compile(gpu, { ...graph, inputs, nodes, outputs: named }, { parameter });
  const tensors = Object.fromEntries(
    seeds.map(({ gradient }, i) => [gradient.name, { shape: gradient.type.shape, data: gys[i]! }]),
  );
  const given = { ...tensors, [image.name]: { shape: image.type.shape, data: values.get(image)! } };
  const results = await compiled.run(given).finally(() => compiled.dispose());

  const step = 1e-6;
  for (const { value } of reached) {
    const direction = uniform(elementCount(value.type.shape), createRandom(seedOf(value.name) + 1));
    let [want, magnitude] = [0, 0];
    const moved = (sign: number) => {
      const point = new Map([...values].map(([other, data]) => [other, Float64Array.from(data)]));
      direction.forEach((d, i) => {
        point.get(value)![i]! += sign * step * d;
      });
      return evaluate(graph, point);
    };
    const [plus, minus] = [moved(1), moved(-1)];
    outputs.forEach((output, i) => {
      gys[i]!.forEach((gy, element) => {
        const term = (gy * (plus.get(output)![element]! - minus.get(output)![element]!)) / (2 * step);
        want += term;
        magnitude += Math.abs(term);
      });
    });
    const got = direction.reduce((total, d, i) => total + d * results[value.name]!.data[i]!, 0);
    const limit = 1e-5 * magnitude + 1e-6;
    expect(Math.abs(got - want), `${value.name}: ${got}, expected ${want}`).toBeLessThanOrEqual(limit);
  }
});
