// Networks at full width, by their shapes alone: the parameters that papers and public versions have, and the keys and shapes of
// public state_dicts, which are data beside this file.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import type { Graph } from "../../../src/graph/ir/graph.ts";
import { inspectGraph } from "../../../src/models/inspect.ts";
import type { Network } from "../../../src/models/network.ts";
import { networks } from "../../../src/models/registry.ts";

function build(name: string, given: object): Graph {
  const network: Network = networks.find((candidate) => candidate.name === name)!;
  const b = new GraphBuilder();
  const options = network.options(given, "test");
  const heads = network.build(b, b.input("image", [1, options.inChannels, 64, 96]), options);
  for (const [head, value] of Object.entries(heads)) {
    expect(value.type.shape).toEqual([1, options.classes, 64, 96]);
    b.output(head, value);
  }
  return b.build();
}

test.each([
  ["attention-unet", { classes: 1 }, 34_878_573],
  ["r2unet", { classes: 1 }, 39_091_393],
  ["attention-r2unet", { classes: 1 }, 39_442_925],
  ["segnet", { classes: 12 }, 29_449_932],
  ["unet-plus-plus", { classes: 1 }, 9_163_329],
  // Three more heads of 33.
  ["unet-plus-plus", { classes: 1, deepSupervision: true }, 9_163_329 + 99],
  ["anu-net", { classes: 1 }, 9_203_741 + 99],
  // 9 c_in c_out of each convolution, 2 c_out of its norm, and the head's c + 1.
  ["custom-cnn", { classes: 1, version: "v1" }, 75_969],
  ["custom-cnn", { classes: 1, version: "v2" }, 1_570_081],
  ["custom-cnn", { classes: 1, version: "v3-large32" }, 3_727_617],
  ["custom-cnn", { classes: 1, version: "v3-large64" }, 5_461_505],
  ["custom-cnn", { classes: 1, version: "v3-small32" }, 1_366_785],
  ["custom-cnn", { classes: 1, version: "v3-small64" }, 5_461_505],
  // Batch norm of the 12 classes.
  ["segnet", { classes: 12, last: "unit" }, 29_449_932 + 24],
])("%s %j has its parameters", (name, given, count) => {
  expect(inspectGraph(build(name, given)).parameters).toBe(count);
});

/** Lines of `key [shape]`. Counts of batches are for training with a mean of all batches: no network asks for them. */
function publicState(name: string): Map<string, string> {
  const lines = readFileSync(`test/models/networks/state-dicts/${name}.txt`, "utf8").trim().split("\n");
  const entries = lines.map((line) => line.split(" [") as [string, string]);
  return new Map(
    entries.filter(([key]) => !key.endsWith(".num_batches_tracked")).map(([key, shape]) => [key, `[${shape}`]),
  );
}

test.each([
  ["unet", { classes: 1 }],
  ["attention-unet", { classes: 1 }],
  ["r2unet", { classes: 1 }],
  ["attention-r2unet", { classes: 1 }],
  ["segnet", { classes: 21, last: "unit" }],
  ["unet-plus-plus", { classes: 1, deepSupervision: true }],
])("%s %j asks for the tensors of the public state_dict", (name, given) => {
  const own = build(name, given).parameters.map(({ name: key, type }) => [key, `[${type.shape.join(", ")}]`] as const);
  expect(Object.fromEntries(own)).toEqual(Object.fromEntries(publicState(name)));
});
