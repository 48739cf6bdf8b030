// What the backward pass reads is computed again, in the same numbers, and nothing else is.
import { describe, expect, test } from "vitest";
import { packedWord } from "../../../shaders/wgsl/packed.ts";
import { UsageError } from "../../../src/errors.ts";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import { gradientGraph } from "../../../src/graph/ir/gradient-graph.ts";
import { checkStates, type Graph, type Value } from "../../../src/graph/ir/graph.ts";
import { fitMemory, recompute } from "../../../src/graph/passes/recompute.ts";
import { defaultTraits } from "../../../src/models/inspect.ts";
import { mul } from "../../../src/ops/elementwise/arithmetic.ts";
import { reshape, sigmoid, tanh } from "../../../src/ops/index.ts";
import { runningUpdate } from "../../../src/ops/optimize/updates.ts";
import { byteLength } from "../../../src/tensor.ts";
import { expectSame, linesOf } from "../../support/check-pass.ts";
import { randomGraph } from "../../support/random-graph.ts";
import { passLayers, pooled } from "../../support/random-layers.ts";

/** Values of up to this many bytes are kept. */
const smallBytes = 4 * 1024;

/** A forward pass with its backward pass; values of 3 channels or more are large. */
function trainingGraph(seed: number): { graph: Graph; forward: number } {
  // The gradient of a pool with dilation and one of indices do not matter here.
  const more = passLayers.filter((layer) => layer !== pooled);
  const forward = randomGraph(seed, 12, { more, height: 12, width: 24 });
  return { graph: gradientGraph(forward, ["last"]), forward: forward.nodes.length };
}

test("a segment may be longer than the stack of calls", () => {
  const b = new GraphBuilder();
  let x = b.input("x", [1, 4, 24, 24]);
  for (let i = 0; i < 20_000; i++) x = b.apply(sigmoid, [x], {});
  b.output("y", x);
  const graph = gradientGraph(b.build());
  const again = recompute(graph, 20_000, 2).nodes.filter(({ name }) => name.endsWith(":again"));
  // All of the first segment but its last value, which crosses the cut.
  expect(again.length).toBe(9999);
});

test("random trainings give the same bits, and compute nothing again that is small, an output or of the last segment", () => {
  let copies = 0;
  for (let seed = 0; seed < 12; seed++) {
    const { graph, forward } = trainingGraph(seed);
    for (const segments of [2, 5]) {
      const cut = recompute(graph, forward, segments);
      expectSame(graph, cut, { tolerance: 0 });
      expect(linesOf({ nodes: cut.nodes.slice(0, forward) })).toEqual(
        linesOf({ nodes: graph.nodes.slice(0, forward) }),
      );
      const again = cut.nodes.filter(({ name }) => name.endsWith(":again"));
      expect(cut.nodes.length, `seed ${seed}`).toBe(graph.nodes.length + again.length);
      const outputs = new Set([...graph.outputs.values()].map(({ name }) => name));
      for (const node of again) {
        const isWorthIt = ({ name, type }: Value) =>
          byteLength(type) > smallBytes && !outputs.has(name.replace(":again", ""));
        expect(node.outputs.some(isWorthIt), `seed ${seed}: ${node.name}`).toBe(true);
      }
      copies += again.length;
    }
  }
  expect(copies).toBeGreaterThan(20);
});

test("one segment changes nothing", () => {
  const { graph, forward } = trainingGraph(7);
  expect(linesOf(recompute(graph, forward, 1))).toEqual(linesOf(graph));
});

const named = (name: string) => ({ name });
const shape = [1, 4, 16, 32];

/** `count` sigmoids in a row, and the gradient of their product with a weight. */
function row(count: number, output?: number): { graph: Graph; forward: number } {
  const b = new GraphBuilder();
  let y = b.apply(mul, [b.input("x", shape), b.parameter("w", shape)], {}, named("y0"));
  for (let i = 1; i <= count; i++) {
    y = b.apply(sigmoid, [y], {}, named(`y${i}`));
    if (i === output) b.output("between", y);
  }
  b.output("last", y);
  const forward = b.build();
  return { graph: gradientGraph(forward, ["last"]), forward: forward.nodes.length };
}

/** Names of what is computed again, in order. */
const copiesOf = ({ graph, forward }: { graph: Graph; forward: number }, segments: number) => {
  const cut = recompute(graph, forward, segments);
  expectSame(graph, cut, { tolerance: 0 });
  return cut.nodes.filter(({ name }) => name.endsWith(":again")).map(({ name }) => name.replace(":again", ""));
};

describe("of a row of six", () => {
  test("what crosses a cut and the last segment are kept", () => {
    // Halves y0 to y2 and y3 to y5: y2 crosses. Of y0 nobody but y1 needs the value.
    expect(copiesOf(row(5), 2)).toEqual(["y0", "y1"]);
    expect(copiesOf(row(5), 3)).toEqual(["y2"]);
    expect(copiesOf(row(5), 6)).toEqual([]);
  });

  test("an output of the graph is kept", () => {
    expect(copiesOf(row(5, 1), 2)).toEqual([]);
  });
});

/** state = state + (x - state) / 2 */
function update(b: GraphBuilder, state: Value, x: Value, name: string): Value {
  const [size] = state.type.shape;
  const words = Uint32Array.from({ length: size! / 128 }, () => packedWord(128, 0));
  const blocks = b.constant(`${name}:blocks`, { shape: [words.length], data: words });
  const factors = b.constant(`${name}:factors`, { shape: [1], data: Float32Array.of(1) });
  return b.apply(runningUpdate, [state, x, blocks, factors], { momentum: 0.5 }, named(name));
}

const elements = 2048;

test("what is computed of a state is computed again before its update, and views of the state are not", () => {
  const b = new GraphBuilder();
  const state = b.state("state", [elements]);
  const x = b.input("x", [elements]);
  const view = b.apply(reshape, [state], { shape: [32, 64] }, named("view"));
  const product = b.apply(mul, [b.apply(reshape, [x], { shape: [32, 64] }, named("flat")), view], {}, named("product"));
  let last = product;
  for (const name of ["one", "two", "three", "four"]) last = b.apply(sigmoid, [last], {}, named(name));
  const forward = 7;
  b.output("out", b.apply(mul, [last, product], {}, named("backward")));
  // Could be done first.
  b.output("new", update(b, state, x, "update"));
  const graph = b.build();
  expect(copiesOf({ graph, forward }, 2)).toEqual(["flat", "product"]);
});

test("a state that is updated within the forward pass is never seen as it is later: that is refused", () => {
  const b = new GraphBuilder();
  const state = b.state("state", [elements]);
  const x = b.input("x", [elements]);
  const before = b.apply(mul, [x, state], {}, named("before"));
  const squashed = b.apply(tanh, [before], {}, named("squashed"));
  const after = update(b, state, squashed, "update");
  const twice = b.apply(tanh, [after], {}, named("twice"));
  const cut = b.apply(sigmoid, [twice], {}, named("cut"));
  const last = b.apply(sigmoid, [b.apply(sigmoid, [cut], {}, named("one"))], {}, named("two"));
  const forward = 7;
  b.output("out", b.apply(mul, [last, squashed], {}, named("backward")));
  const graph = b.build();
  checkStates(graph);
  expect(() => checkStates(recompute(graph, forward, 2))).toThrow(
    new UsageError(
      "node before:again: reads state state after node update updates it, expected its output or an earlier node",
    ),
  );
});

test("a budget that no cutting meets is refused with the least; none and a large one cut nothing", () => {
  const { graph, forward } = row(11);
  const options = { traits: defaultTraits };
  expect(fitMemory(graph, forward, "none", options)).toBe(graph);
  expect(fitMemory(graph, forward, 1e9, options)).toBe(graph);
  expect(fitMemory(graph, forward, "auto", options).nodes.length).toBeGreaterThan(graph.nodes.length);
  expect(() => fitMemory(graph, forward, 1, options)).toThrow(UsageError);
});
