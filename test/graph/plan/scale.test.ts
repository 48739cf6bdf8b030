// Planning takes time in proportion to the graph. ATROUS_LARGE_GRAPHS=1 plans 100,000 nodes of each kind, each in 10 seconds.
import { expect, test } from "vitest";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import { gradientGraph } from "../../../src/graph/ir/gradient-graph.ts";
import type { Graph, Value } from "../../../src/graph/ir/graph.ts";
import { assignSlots } from "../../../src/graph/plan/assign-slots.ts";
import { inspectGraph } from "../../../src/models/inspect.ts";
import { conv2d } from "../../../src/ops/conv/conv2d.ts";
import { relu, sigmoid } from "../../../src/ops/elementwise/activations.ts";
import { add } from "../../../src/ops/elementwise/arithmetic.ts";
import { concat } from "../../../src/ops/move/concat.ts";

type Build = (b: GraphBuilder, nodes: number) => Value;

const image = (b: GraphBuilder) => b.input("x", [1, 4, 8, 8]);
const apply = (b: GraphBuilder, x: Value) => b.apply(sigmoid, [x], {});
const times = (count: number) => Array.from({ length: Math.floor(count) }, (_, i) => i);

function residual(b: GraphBuilder, x: Value, i: number): Value {
  const spread = b.apply(conv2d, [x, b.parameter(`w${i}`, [4, 4, 3, 3])], { padding: 1 });
  return b.apply(relu, [b.apply(add, [spread, x], {})], {});
}

const kinds: Readonly<Record<string, Build>> = {
  chain: (b, nodes) => times(nodes).reduce((x) => apply(b, x), image(b)),
  "chain of residual convolutions": (b, nodes) => times(nodes / 3).reduce((x, i) => residual(b, x, i), image(b)),
  "parallel nodes that are all outputs"(b, nodes) {
    const x = image(b);
    for (const i of times(nodes)) b.output(`y${i}`, apply(b, x));
    return x;
  },
  "parallel nodes that are joined"(b, nodes) {
    const x = image(b);
    const parts = times(nodes).map(() => apply(b, x));
    return b.apply(concat, parts, {});
  },
  "concatenations of concatenations"(b, nodes) {
    const x = b.input("x", [1, 1, 2, 2]);
    return times(nodes / 2).reduce((joined, i) => {
      const next = b.apply(concat, [joined, apply(b, x)], {});
      if (i % 64 < 63) return next;
      b.output(`y${i}`, next);
      return x;
    }, x);
  },
  "each concatenation in the next"(b, nodes) {
    const x = b.input("x", [1, 1, 1, 1]);
    return times(nodes / 2).reduce((joined) => b.apply(concat, [joined, apply(b, x)], {}), x);
  },
  "chain of weights": (b, nodes) =>
    b.apply(add, [image(b), times(nodes).reduce((w) => apply(b, w), b.parameter("w", [1, 4, 8, 8]))], {}),
  "weights that are read twice": (b, nodes) =>
    b.apply(add, [image(b), times(nodes).reduce((w) => b.apply(add, [w, w], {}), b.parameter("w", [1, 4, 8, 8]))], {}),
  "values that live long"(b, nodes) {
    const values = [image(b)];
    for (const _ of times(nodes / 2)) values.push(apply(b, values.at(-1)!));
    return values.toReversed().reduce((x, value) => b.apply(add, [x, value], {}));
  },
};

function graphOf(build: Build, nodes: number): Graph {
  const b = new GraphBuilder();
  b.output("y", build(b, nodes));
  return b.build();
}

/** Milliseconds of this process on the CPU: those of other processes do not count. */
function timeOf(work: () => void): number {
  const began = process.cpuUsage();
  work();
  return process.cpuUsage(began).user / 1000;
}

const plan = (build: Build, nodes: number) => inspectGraph(graphOf(build, nodes));
const differentiate = (build: Build, nodes: number) => gradientGraph(graphOf(build, nodes));

test.each(Object.entries(kinds))("%s: four times the nodes take four times the time", (_, build) => {
  for (const work of [plan, differentiate]) {
    work(build, 1000);
    const measure = (nodes: number) => timeOf(() => work(build, nodes));
    // A quadratic part alone takes 16 times. A busy machine has more tries.
    const isLinear = () => measure(12_000) < 8 * Math.max(5, measure(3000));
    expect(isLinear() || isLinear() || isLinear(), work.name).toBe(true);
  }
});

test("a concatenation of 40,000 images is planned at once", () => {
  const b = new GraphBuilder();
  const x = b.input("x", [40_000, 1, 4, 4]);
  const parts = times(20).map(() => apply(b, x));
  b.output("y", b.apply(concat, parts, {}));
  const graph = b.build();
  expect(timeOf(() => inspectGraph(graph))).toBeLessThan(2000);
});

test("a block of many pieces, the last of them first, is packed at once", () => {
  const pieces = times(100_000).map((i) => ({ offset: 4 * (100_000 - i), bytes: 4, first: i, last: i + 1 }));
  const block = { bytes: 400_004, first: 0, last: 100_000, pieces, apart: new Set<number>() };
  const options = { lowerBoundBytes: 0, maxSlotBytes: Number.POSITIVE_INFINITY };
  expect(timeOf(() => assignSlots([block, block], options))).toBeLessThan(5000);
});

test.runIf(process.env.ATROUS_LARGE_GRAPHS === "1").each(Object.entries(kinds))(
  "%s: 100,000 nodes within 10 seconds, and 1.3 times what 10,000 take for each",
  (name, build) => {
    const [small, large] = [10_000, 100_000].map((nodes) => {
      const graph = graphOf(build, nodes);
      return timeOf(() => inspectGraph(graph));
    });
    console.log(`${name}: ${small!.toFixed(0)} ms of 10,000 nodes, ${large!.toFixed(0)} ms of 100,000`);
    expect(large).toBeLessThan(10_000);
    expect(large).toBeLessThan(1.3 * 10 * small!);
  },
);
