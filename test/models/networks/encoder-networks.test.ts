// Networks on encoders at full width, by their shapes alone: the parameters that papers and public versions have, and the tensors of
// public state_dicts, which are data beside this file.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { GraphBuilder } from "../../../src/graph/ir/builder.ts";
import type { Graph } from "../../../src/graph/ir/graph.ts";
import { inspectGraph } from "../../../src/models/inspect.ts";
import { networks } from "../../../src/models/registry.ts";

const size = [192, 224];

function build(name: string, given: object): Graph {
  const network = networks.find((candidate) => candidate.name === name)!;
  const b = new GraphBuilder();
  const options = network.options(given, "test");
  const { logits } = network.build(b, b.input("image", [1, options.inChannels, ...size]), options);
  expect(logits.type.shape).toEqual([1, options.classes, ...size]);
  b.output("logits", logits);
  return b.build();
}

test.each([
  ["cenet", { classes: 1 }, 29_003_093],
  ["fcn8s", { classes: 21 }, 134_489_759],
  ["fpn", { classes: 1 }, 26_116_033],
  ["linknet", { classes: 1 }, 31_177_777],
  ["pspnet", { classes: 1 }, 2_237_889],
  ["encoder-unet", { classes: 1 }, 32_521_105],
  ["deeplabv3plus", { classes: 1, inChannels: 13 }, 41_053_153],
  ["deeplabv3plus", { classes: 1, inChannels: 13, encoder: "xception65-16" }, 41_053_153],
  // No published count: ours.
  ["lumnet", { classes: 1 }, 22_888_621],
  // What segmentation_models.pytorch counts with its other encoders.
  ["encoder-unet", { classes: 1, encoder: "vgg16-bn" }, 23_756_689],
  ["encoder-unet", { classes: 1, encoder: "inception-v4" }, 48_791_921],
])("%s %j has its parameters", (name, given, count) => {
  expect(inspectGraph(build(name, given)).parameters).toBe(count);
});

/** Shapes by name, of lines of `key [shape]`; without the counts of batches, which no network asks for. */
function publicState(name: string): Map<string, string> {
  const lines = readFileSync(`test/models/networks/state-dicts/${name}.txt`, "utf8").trim().split("\n");
  const kept = lines.filter((line) => !line.includes(".num_batches_tracked "));
  return new Map(kept.map((line) => line.split(/ (?=\[)/) as [string, string]));
}

test.each([
  ["cenet", { classes: 1 }, undefined],
  ["fcn8s", { classes: 21 }, undefined],
  ["fpn", { classes: 1 }, undefined],
  ["linknet", { classes: 1 }, undefined],
  ["encoder-unet", { classes: 1 }, undefined],
  ["deeplabv3plus", { classes: 1, inChannels: 13 }, undefined],
  ["pspnet", { classes: 1 }, /^encoder\.layer[34]\./],
])("%s %j asks for the tensors of the public state_dict", (name, given, unused) => {
  const own = build(name, given).parameters.map(({ name: key, type }) => [key, `[${type.shape.join(", ")}]`] as const);
  const expected = [...publicState(name)].filter(([key]) => !unused?.test(key));
  expect(Object.fromEntries(own)).toEqual(Object.fromEntries(expected));
});
