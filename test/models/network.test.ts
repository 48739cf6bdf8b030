// Records of networks: their options, the sizes that they take, and the classes that logits become.
import { expect, test } from "vitest";
import { FormatError, ShapeError } from "../../src/errors.ts";
import { GraphBuilder } from "../../src/graph/ir/builder.ts";
import { compile } from "../../src/graph/run/compile.ts";
import { conv } from "../../src/models/blocks/layers.ts";
import { classMap } from "../../src/models/class-map.ts";
import { classCount, defineNetwork, type NetworkOptions, networkRules } from "../../src/models/network.ts";
import { readPreprocess } from "../../src/models/preprocess.ts";
import { networks } from "../../src/models/registry.ts";
import type { Shape } from "../../src/tensor.ts";
import { openTestGpu } from "../support/gpu.ts";

interface StubOptions extends NetworkOptions {
  readonly up: "nearest" | "transposed";
}

function define(dimensions: 2 | 3, result: "softmax" | "sigmoid") {
  return defineNetwork<StubOptions>({
    name: "stub",
    dimensions,
    rules: { ...networkRules, up: { text: "How.", default: "nearest", words: ["nearest", "transposed"] } },
    imageSize: ({ up }) => ({ multiple: 8, least: up === "nearest" ? 16 : 8, reason: "two steps up" }),
    result: () => result,
    build: (b, image, { classes }) => ({ logits: conv(b, "head", image, { kernel: 1, outChannels: classes }) }),
  });
}

const stub = define(2, "softmax");

test("an option that is a word is one of its words", () => {
  expect(stub.options({}, "where").up).toBe("nearest");
  expect(stub.options({ up: "transposed" }, "where").up).toBe("transposed");
  const message = 'where: option up is "bilinear", expected one of nearest, transposed';
  expect(() => stub.options({ up: "bilinear" }, "where")).toThrow(new FormatError(message));
});

test.each<[2 | 3, Shape, object, string]>([
  [2, [1, 3, 16, 20], {}, "the image is 16x20, expected multiples of 8"],
  [2, [1, 3, 24, 8], {}, "the image is 24x8, expected at least 16x16 (two steps up)"],
  [3, [1, 3, 16, 8, 16], {}, "the image is 16x8x16, expected at least 16x16x16 (two steps up)"],
  [3, [1, 3, 16, 16], {}, "the image is [1, 3, 16, 16], expected [N, C, D, H, W]"],
])("a network of %i dimensions refuses %j", (dimensions, shape, given, message) => {
  const b = new GraphBuilder();
  const network = define(dimensions, "softmax");
  const build = () => network.build(b, b.input("image", shape), network.options(given, "test"));
  expect(build).toThrow(new ShapeError(`stub: ${message}`));
});

test("sizes that a file does not state are the network's", () => {
  const given = { spacingMm: 1, normalize: "z-score", padValue: 0 };
  expect(readPreprocess(given, "where", { multiple: 8, least: 24 })).toMatchObject({ padMultiple: 8, minSize: 24 });
  const stated = readPreprocess({ ...given, minSize: 48 }, "where", { multiple: 8, least: 24 });
  expect(stated).toMatchObject({ padMultiple: 8, minSize: 48 });
});

test.each<["softmax" | "sigmoid", number, number, number[]]>([
  ["softmax", 2, 2, [0, 1, 0]],
  ["sigmoid", 2, 2, [0, 1, 0]],
  ["sigmoid", 1, 2, [1, 0, 0]],
  ["softmax", 1, 1, [0, 0, 0]],
])("by %s %i channels are %i classes", async (result, classes, count, expected) => {
  const network = define(2, result);
  const options = network.options({ classes }, "test");
  expect(classCount({ network, options })).toBe(count);
  const b = new GraphBuilder();
  const logits = b.input("logits", [1, classes, 1, 3]);
  b.output("classes", classMap(b, logits, { network, options }));
  const gpu = await openTestGpu();
  const graph = await compile(gpu, b.build(), { parameter: async () => new Float32Array() });
  const data = Float32Array.of(2, -1, 0, 1, 3, -2).slice(0, 3 * classes);
  const results = await graph.run({ logits: { shape: logits.type.shape, data } });
  expect([...results.classes!.data]).toEqual(expected);
  expect(results.classes!.shape).toEqual([1, 1, 3]);
  await graph.dispose();
  await gpu.dispose();
});

test("every network has a name of its own and builds on its least image with its defaults", () => {
  expect(new Set(networks.map(({ name }) => name)).size).toBe(networks.length);
  for (const network of networks) {
    const b = new GraphBuilder();
    const options = network.options({ width: 1 / 16 }, "test");
    const sides = Array<number>(network.dimensions).fill(network.imageSize(options).least);
    const { logits } = network.build(b, b.input("image", [1, options.inChannels, ...sides]), options);
    expect(logits.type.shape, network.name).toEqual([1, options.classes, ...sides]);
  }
});
