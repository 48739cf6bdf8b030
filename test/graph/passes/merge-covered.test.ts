// A pool whose gradient wants indices is computed once.
import { expect, test } from "vitest";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import { mergeCovered } from "../../../src/graph/passes/merge-covered.ts";
import { optimize } from "../../../src/graph/passes/optimize.ts";
import { relu } from "../../../src/ops/elementwise/activations.ts";
import { cast } from "../../../src/ops/elementwise/cast.ts";
import { maxPool2d } from "../../../src/ops/pool/max-pool.ts";
import { expectSame, linesOf, randomGraphs } from "../../support/check-pass.ts";

function pooled() {
  const b = new GraphBuilder();
  const x = b.input("x", [1, 2, 6, 6]);
  const y = b.apply(maxPool2d, [x], { kernel: 2 }, { name: "pool" });
  b.output("y", b.apply(relu, [y], {}, { name: "relu" }));
  return { b, x, y };
}

test("the pool of the forward pass gives the indices for its gradient, under its own name", () => {
  const { b, x, y } = pooled();
  const gy = b.input("gy", y.type.shape);
  const [gx] = b.gradients([{ value: y, gradient: gy }], [x]);
  b.output("gx", gx!);
  const { nodes } = optimize(b.build());
  expect(nodes.map(({ name }) => name)).toEqual(["pool", "relu", "grad:pool:maxPoolGradient1"]);
  expect(nodes[0]!.outputs.map(({ name }) => name)).toEqual(["pool", "pool:1"]);
  expect(nodes[2]!.inputs[1]).toBe(nodes[0]!.outputs[1]);
});

test("it does not matter which of both comes first, nor how many there are", () => {
  const { b, x } = pooled();
  const [again, indices] = b.applyAll(maxPool2d, [x], { kernel: 2, indices: true }, { name: "with indices" });
  const [, others] = b.applyAll(maxPool2d, [x], { kernel: 2, indices: true }, { name: "once more" });
  const last = b.apply(maxPool2d, [x], { kernel: 2 }, { name: "last" });
  b.output("again", again!);
  b.output("indices", indices!);
  b.output("others", others!);
  b.output("last", last);
  const { nodes, outputs } = optimize(b.build());
  expect(nodes.map(({ name }) => name)).toEqual(["pool", "relu"]);
  const [maximum, where] = nodes[0]!.outputs;
  expect([outputs.get("again"), outputs.get("last")]).toEqual([maximum, maximum]);
  expect([outputs.get("indices"), outputs.get("others")]).toEqual([where, where]);
});

test("other windows and other images stay apart", () => {
  const { b, x } = pooled();
  const other = b.input("other", [1, 2, 6, 6]);
  b.output("stride", b.applyAll(maxPool2d, [x], { kernel: 2, stride: 1, indices: true }, { name: "stride" })[1]!);
  b.output("other", b.applyAll(maxPool2d, [other], { kernel: 2, indices: true }, { name: "other" })[1]!);
  const { nodes } = optimize(b.build());
  expect(nodes.map(({ name }) => name).sort()).toEqual(["other", "pool", "relu", "stride"]);
});

test("random graphs compute what they did, each pool of a kind once", () => {
  let merged = 0;
  for (const [seed, graph] of randomGraphs(100)) {
    const after = mergeCovered(graph);
    expectSame(graph, after);
    merged += graph.nodes.length - after.nodes.length;
    const pools = after.nodes.filter(({ operator }) => operator.covers);
    const windows = pools.map(({ inputs, attrs }) => JSON.stringify([inputs[0]!.name, { ...attrs, indices: true }]));
    expect(windows, seed).toEqual([...new Set(windows)]);
  }
  expect(merged).toBeGreaterThan(20);
});

test("a pool whose result is an output of the graph gives way, and the output is the covering one's", () => {
  const { b, x, y } = pooled();
  const [again, indices] = b.applyAll(maxPool2d, [x], { kernel: 2, indices: true }, { name: "again" });
  b.output("maximum", y);
  b.output("again", again!);
  b.output("where", b.apply(cast, [indices!], { to: "f32" }, { name: "where" }));
  const graph = b.build();
  const merged = mergeCovered(graph);
  expectSame(graph, merged);
  expect(linesOf(merged)).toEqual(["pool, pool:1 i32 = maxPool2d(x)", "relu = relu(pool)", "where = cast(pool:1)"]);
});

test("pools of pools, and pools of different attributes, stay what they are", () => {
  const { b, x, y } = pooled();
  b.output("twice", b.apply(maxPool2d, [y], { kernel: 2, stride: 1 }, { name: "twice" }));
  const others = {
    stride: { stride: 1 },
    padding: { padding: 1 },
    dilation: { dilation: 2 },
    ceil: { ceilMode: true },
  };
  for (const [name, given] of Object.entries(others)) {
    const [, where] = b.applyAll(maxPool2d, [x], { kernel: 2, ...given, indices: true }, { name });
    b.output(name, b.apply(cast, [where!], { to: "f32" }, { name: `${name}:wide` }));
  }
  const graph = b.build();
  const merged = mergeCovered(graph);
  expectSame(graph, merged);
  expect(linesOf(merged)).toEqual(linesOf(graph));
});

test("operators that cover nothing are left alone, however alike their nodes are", () => {
  const b = new GraphBuilder();
  const x = b.input("x", [1, 2, 6, 6]);
  for (const name of ["one", "two"]) b.output(name, b.apply(relu, [x], {}, { name }));
  expect(linesOf(mergeCovered(b.build()))).toEqual(["one = relu(x)", "two = relu(x)"]);
});
