import { expect, test } from "vitest";
import { GraphBuilder } from "../../src/graph/ir/builder.ts";
import { conv, normRelu } from "../../src/models/blocks/layers.ts";
import { inspectGraph } from "../../src/models/inspect.ts";
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
