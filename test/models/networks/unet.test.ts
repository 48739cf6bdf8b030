// U-Net at full width, by its shapes alone: names and counts of the public version.
import { expect, test } from "vitest";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import type { Graph } from "../../../src/graph/ir/graph.ts";
import { inspectGraph } from "../../../src/models/inspect.ts";
import { unet } from "../../../src/models/networks/unet.ts";
import { parseTrainConfig } from "../../../src/train/config/config.ts";
import { data } from "../../train/config/config.ts";

function build(given: object): Graph {
  const b = new GraphBuilder();
  const options = unet.options(given, "test");
  b.output("logits", unet.build(b, b.input("image", [1, options.inChannels, 64, 96]), options).logits);
  return b.build();
}

test.each([
  ["as published", { classes: 1 }, 34_527_041],
  // Each of the four 3x3 convolutions c -> c/2 with batch norm gives way to a transposed 2x2 one: 5 c^2/2 + c parameters less.
  ["with transposed convolutions", { classes: 1, up: "transposed" }, 34_527_041 - 2.5 * 1_392_640 - 1_920],
])("%s it has its parameters", (_, options, count) => {
  const graph = build(options);
  expect(inspectGraph(graph).parameters).toBe(count);
  expect(graph.outputs.get("logits")?.type.shape).toEqual([1, 1, 64, 96]);
});

test("it asks for the names of the public state_dict", () => {
  const shapes = new Map(build({ classes: 1 }).parameters.map(({ name, type }) => [name, type.shape]));
  // 23 convolutions with bias, 22 batch norms of 4 tensors, as the version without num_batches_tracked.
  expect(shapes.size).toBe(23 * 2 + 22 * 4);
  expect(shapes.get("Conv1.conv.0.weight")).toEqual([64, 3, 3, 3]);
  expect(shapes.get("Conv5.conv.4.running_var")).toEqual([1024]);
  expect(shapes.get("Up5.up.1.weight")).toEqual([512, 1024, 3, 3]);
  expect(shapes.get("Up5.up.2.bias")).toEqual([512]);
  expect(shapes.get("Up_conv2.conv.3.bias")).toEqual([64]);
  expect(shapes.get("Conv_1x1.weight")).toEqual([1, 64, 1, 1]);
});

test("one class is trained by its sigmoid, on labels of two", () => {
  const parse = (given: object) =>
    parseTrainConfig({ data, network: { name: "unet", classes: 1 }, ...given }, "C.json");
  expect(parse({ losses: [{ kind: "bce" }] }).classNames).toEqual(["background", "class 1"]);
  expect(() => parse({})).toThrow(
    'C.json: losses[0].kind: got "size-adaptive", expected "bce", "dice", "focal" or "hybrid", for one class',
  );
});
