// A pool whose gradient wants indices is computed once.
import { expect, test } from "vitest";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import { optimize } from "../../../src/graph/passes/optimize.ts";
import { relu } from "../../../src/ops/elementwise/activations.ts";
import { maxPool2d } from "../../../src/ops/pool/max-pool.ts";

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
