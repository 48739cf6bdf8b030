import { expect, test } from "vitest";
import { GraphBuilder } from "../../src/graph/ir/builder.ts";
import { conv, normRelu } from "../../src/models/blocks/layers.ts";
import { inspectGraph } from "../../src/models/inspect.ts";
import { conv2d } from "../../src/ops/conv/conv2d.ts";
import { sigmoid } from "../../src/ops/elementwise/activations.ts";
import { add } from "../../src/ops/elementwise/arithmetic.ts";
import { concat } from "../../src/ops/move/concat.ts";

test("counts parameters, multiply-adds and bytes of a graph that can be counted by hand", () => {
  const b = new GraphBuilder();
  const image = b.input("image", [2, 3, 8, 8]);
  const x = normRelu(b, "bn1", conv(b, "conv1", image, { kernel: 3, padding: 1, outChannels: 4 }));
  const y = conv(b, "conv2", x, { kernel: 1, outChannels: 5, bias: true });
  b.output("joined", b.apply(concat, [x, y], {}, { name: "join" }));
  const report = inspectGraph(b.build());
  const [first, second, join] = report.layers;
  expect(first).toMatchObject({ name: "conv1", outputShape: [2, 4, 8, 8] });
  expect(first!.operator).toBe("conv2d + bias + relu");
  expect(first!.parameters).toBe(4 * 3 * 9 + 2 * 4);
  expect(first!.macs).toBe(2 * 4 * 64 * 3 * 9);
  expect(second).toMatchObject({ name: "conv2", parameters: 5 * 4 + 5, macs: 2 * 5 * 64 * 4 });
  expect(join).toMatchObject({ name: "join", parameters: 0, macs: 0 });
  expect(report.parameters).toBe(first!.parameters + second!.parameters);
  expect(report.statistics).toBe(8);
  expect(report.macs).toBe(first!.macs + second!.macs);
  const bytes = (channels: number) => 2 * channels * 64 * 4;
  expect(report.memory.unplannedBytes).toBe(bytes(3) + bytes(4) + bytes(5) + bytes(9));
  expect(report.memory.lowerBoundBytes).toBeLessThanOrEqual(report.memory.activationBytes);
  expect(report.memory.activationBytes).toBeLessThanOrEqual(report.memory.unplannedBytes);
});

test("parameters that weights are computed from count once, in the order in which they are met", () => {
  const b = new GraphBuilder();
  const [p, q] = [b.parameter("first.weight", [4, 3, 1, 1]), b.parameter("second.weight", [4, 3, 1, 1])];
  let w = b.apply(add, [b.apply(sigmoid, [p], {}), q], {});
  for (let i = 0; i < 100; i++) w = b.apply(add, [w, b.apply(sigmoid, [w], {})], {});
  b.output("y", b.apply(conv2d, [b.input("x", [1, 3, 8, 8]), w], {}));
  const { layers, parameters } = inspectGraph(b.build());
  expect(layers).toHaveLength(1);
  expect(layers[0]).toMatchObject({ name: "first", parameters: 24 });
  expect(parameters).toBe(24);
});
