// The walk that all passes share.
import { expect, test } from "vitest";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import { createNode } from "../../../src/graph/ir/graph.ts";
import { rewrite } from "../../../src/graph/passes/rewrite.ts";
import { add } from "../../../src/ops/elementwise/arithmetic.ts";
import { neg, relu, sigmoid } from "../../../src/ops/index.ts";
import { runningUpdate } from "../../../src/ops/optimize/updates.ts";
import { maxPool2d } from "../../../src/ops/pool/max-pool.ts";
import { expectInOrder, expectSame, linesOf, randomGraphs } from "../../support/check-pass.ts";

const named = (name: string) => ({ name });

/** first = relu(x), second = neg(first), sum = add(first, second), which is an output beside `first`. */
function chain() {
  const b = new GraphBuilder();
  const first = b.apply(relu, [b.input("x", [4])], {}, named("first"));
  const second = b.apply(neg, [first], {}, named("second"));
  b.output("first", first);
  b.output("sum", b.apply(add, [first, second], {}, named("sum")));
  return b.build();
}

test("a visit that keeps everything changes nothing: nodes are the same objects", () => {
  for (const [seed, graph] of randomGraphs(20)) {
    const kept = rewrite(graph, () => undefined);
    expectSame(graph, kept);
    expect(
      kept.nodes.every((node, i) => node === graph.nodes[i]),
      seed,
    ).toBe(true);
  }
});

test("every reader and output sees what replaced a value, and nodes that read it are made anew", () => {
  const graph = chain();
  const replaced = rewrite(graph, (node, { emit, value }) =>
    node.name === "first" ? emit(createNode(sigmoid, node.inputs.map(value), {}, named("new"))) : undefined,
  );
  expectInOrder(replaced);
  expect(linesOf(replaced)).toEqual(["new = sigmoid(x)", "second = neg(new)", "sum = add(new, second)"]);
  expect(replaced.outputs.get("first")!.name).toBe("new");
});

test("a node that is replaced by a value of its inputs goes, and so does what only it needed", () => {
  const b = new GraphBuilder();
  const scaled = b.apply(add, [b.input("x", [4]), b.parameter("unread", [4])], {}, named("scaled"));
  b.output("y", b.apply(neg, [b.apply(relu, [scaled], {}, named("relu"))], {}, named("y")));
  const graph = b.build();
  const short = rewrite(graph, (node) => (node.name === "relu" ? [graph.inputs[0]!] : undefined));
  expectInOrder(short);
  expect(linesOf(short)).toEqual(["y = neg(x)"]);
  expect(short.parameters).toEqual([]);
});

test("of a node with several outputs each is replaced by its own", () => {
  const b = new GraphBuilder();
  const [maximum, indices] = b.applyAll(
    maxPool2d,
    [b.input("x", [1, 1, 4, 4])],
    { kernel: 2, indices: true },
    named("pool"),
  );
  b.output("indices", indices!);
  b.output("maximum", maximum!);
  const copied = rewrite(b.build(), (node, { emit }) =>
    emit(createNode(node.operator, node.inputs, node.attrs, { name: "copy", outputNames: ["most", "where"] })),
  );
  expect([...copied.outputs].map(([name, value]) => [name, value.name])).toEqual([
    ["indices", "where"],
    ["maximum", "most"],
  ]);
});

test("what stood for a value that is superseded now stands for the new one", () => {
  const graph = chain();
  // `second` takes over from `first`, which others read too.
  const taken = rewrite(graph, (node, { emit, supersede, value }) => {
    if (node.name !== "second") return undefined;
    const source = value(node.inputs[0]!);
    const fused = createNode(sigmoid, source.producer!.inputs, {}, named("fused"));
    supersede(source.producer!, fused);
    return emit(fused);
  });
  expectInOrder(taken);
  expect(linesOf(taken)).toEqual(["fused = sigmoid(x)", "sum = add(fused, fused)"]);
  expect(taken.outputs.get("first")!.name).toBe("fused");
});

test("updates of states stay though nothing reads them", () => {
  const b = new GraphBuilder();
  const state = b.state("mean", [128]);
  const blocks = b.constant("blocks", { shape: [1], data: Uint32Array.of(128) });
  const factors = b.constant("factors", { shape: [1], data: Float32Array.of(1) });
  const x = b.input("x", [128]);
  b.apply(
    runningUpdate,
    [state, b.apply(neg, [x], {}, named("minus")), blocks, factors],
    { momentum: 0.5 },
    named("update"),
  );
  b.output("y", b.apply(relu, [x], {}, named("y")));
  const graph = b.build();
  const kept = rewrite(graph, () => undefined);
  expectSame(graph, kept);
  expect(linesOf(kept)).toEqual([
    "minus = neg(x)",
    "update = runningUpdate(mean, minus, blocks, factors)",
    "y = relu(x)",
  ]);
});
