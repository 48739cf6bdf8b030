// Indices of MaxPool count through the whole tensor, and MaxUnpool takes them back: against ONNX Runtime on the CPU.
import { afterAll, beforeAll, expect, test } from "vitest";
import { importOnnx } from "../../../src/formats/onnx/index.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { runParity } from "../../../src/parity/index.ts";
import { onnxRuntime } from "../../../src/parity/onnxruntime-node.ts";
import type { ReferenceEngine } from "../../../src/parity/reference.ts";
import { openTestGpu } from "../../support/gpu.ts";
import { createRandom, distinct } from "../../support/random.ts";
import { buildModel, dataType, floats, ints, type ModelFields, type NodeFields } from "./build.ts";

let gpu: Gpu;
let engine: ReferenceEngine;
beforeAll(async () => {
  gpu = await openTestGpu();
  engine = await onnxRuntime();
});
afterAll(() => gpu.dispose());

type Attributes = NodeFields["attributes"];

function pool(x: readonly number[], attributes: Attributes): ModelFields {
  return {
    inputs: { x },
    nodes: [{ op: "MaxPool", inputs: ["x"], outputs: ["y", "i"], attributes: attributes ?? {} }],
    outputs: ["y", "i"],
    outputTypes: { i: dataType.i64 },
  };
}

/** The pool, and what it took apart put together again. */
function roundTrip(x: readonly number[], attributes: Attributes, outputShape?: readonly number[]): ModelFields {
  const fields = pool(x, attributes);
  const inputs = ["y", "i", ...(outputShape ? ["shape"] : [])];
  return {
    ...fields,
    nodes: [...fields.nodes, { op: "MaxUnpool", name: "z", inputs, attributes: attributes ?? {} }],
    outputs: ["z"],
    initializers: outputShape ? [ints("shape", outputShape)] : [],
  };
}

async function agree(fields: ModelFields): Promise<void> {
  const shape = Object.values(fields.inputs ?? {})[0]!.map(Number);
  const count = shape.reduce((a, b) => a * b, 1);
  const x = { shape, data: distinct(count, createRandom(5)) };
  const report = await runParity(gpu, buildModel(fields), engine, { inputs: { x } });
  expect(report.rows.filter(({ passed }) => !passed)).toEqual([]);
  expect(report.rows.every(({ maxAbs }) => maxAbs === 0)).toBe(true);
}

const pools: readonly [string, readonly number[], Attributes][] = [
  ["an image", [2, 3, 6, 7], { kernel_shape: [2, 3], strides: [2, 1] }],
  ["an image by columns", [2, 3, 6, 7], { kernel_shape: [2, 3], strides: [2, 1], storage_order: 1 }],
  ["padded, dilated", [2, 2, 9, 8], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], dilations: [2, 1] }],
  ["a row", [2, 3, 11], { kernel_shape: [3], strides: [2], pads: [1, 0] }],
  ["a volume", [2, 2, 4, 5, 6], { kernel_shape: [2, 2, 3], strides: [2, 2, 1] }],
];

test.each(pools)("indices of %s", (_, x, attributes) => agree(pool(x, attributes)));

const trips: readonly [string, readonly number[], Attributes, number[]?][] = [
  ["an image", [2, 3, 6, 8], { kernel_shape: [2, 2], strides: [2, 2] }],
  ["windows that overlap", [2, 2, 7, 9], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }],
  ["a leftover row and column, by output_shape", [2, 3, 7, 9], { kernel_shape: [2, 2], strides: [2, 2] }, [2, 3, 7, 9]],
  ["a row", [2, 3, 12], { kernel_shape: [3], strides: [3] }],
  ["a volume", [1, 2, 4, 4, 6], { kernel_shape: [2, 2, 2], strides: [2, 2, 2] }],
];

test.each(trips)("unpooling %s", (_, x, attributes, outputShape) => agree(roundTrip(x, attributes, outputShape)));

const halves = { kernel_shape: [2, 2], strides: [2, 2] };

test("the pool's own places are taken as they are, without the way through the whole tensor", async () => {
  const { graph } = await importOnnx(buildModel(roundTrip([2, 3, 6, 8], halves)));
  expect(graph.nodes.map(({ operator }) => operator.name)).toEqual(["maxPool2d", "maxUnpool2d"]);
});

/** Constant indices of x [1, 2, 2, 2] in [1, 2, 4, 4]. */
const constant = (indices: readonly number[], shape?: readonly number[]): ModelFields => ({
  inputs: { x: [1, 2, 2, 2] },
  nodes: [{ op: "MaxUnpool", name: "z", inputs: ["x", "i", ...(shape ? ["shape"] : [])], attributes: halves }],
  initializers: [
    { name: "i", dims: [1, 2, 2, 2], data_type: dataType.i64, int64_data: indices },
    ...(shape ? [ints("shape", shape)] : []),
  ],
});
const places = [0, 7, 8, 15, 16, 19, 29, 26];

test("constant indices are taken where each lies in its window", async () => {
  await agree(constant(places));
  await agree(constant(places, [1, 2, 4, 4]));
});

const large = { kernel_shape: [2, 2], pads: [2, 2, 2, 2] };
const refused: readonly [string, ModelFields, string][] = [
  ["an index in another window", constant([0, 7, 8, 15, 16, 19, 29, 25]), "index 25 is not in its window"],
  ["an index in another plane", constant([16, ...places.slice(1)]), "index 16 is not in its window"],
  [
    "constants in a size that is not settled",
    constant(places, [1, 2, 5, 5]),
    "output_shape is [5, 5], not [4, 4]: what indices count in is not settled",
  ],
  ["indices of a larger image", roundTrip([2, 3, 7, 9], halves), "its output is [6, 8], its indices count in [7, 9]"],
  ["wide pads", pool([1, 1, 4, 4], large), "Indices with pads of more than half the kernel are not computed"],
  [
    "volumes by columns",
    pool([1, 1, 4, 4, 4], { kernel_shape: [2, 2, 2], storage_order: 1 }),
    "storage_order = 1 of volumes is not computed",
  ],
  [
    "indices that are data",
    {
      inputs: { x: [1, 2, 2, 2], i: [1, 2, 2, 2] },
      types: { i: dataType.i64 },
      nodes: [{ op: "MaxUnpool", name: "z", inputs: ["x", "i"], attributes: halves }],
    },
    "its indices are data, expected those of a MaxPool, or constants",
  ],
  [
    "indices of another window",
    {
      ...roundTrip([2, 3, 6, 8], halves),
      nodes: [
        { op: "MaxPool", inputs: ["x"], outputs: ["y", "i"], attributes: { ...halves, pads: [0, 0, 0, 0] } },
        { op: "MaxUnpool", name: "z", inputs: ["y", "i"], attributes: { kernel_shape: [3, 2], strides: [2, 2] } },
      ],
    },
    "its indices are of a MaxPool with another window",
  ],
];

test.each(refused)("refused: %s", async (_, fields, reason) => {
  await expect(importOnnx(buildModel(fields))).rejects.toThrow(reason);
});

test("MaxPool's places reach MaxUnpool past convolutions", async () => {
  const conv = { op: "Conv", name: "conv", inputs: ["y", "w"] };
  const fields = roundTrip([1, 2, 4, 6], halves);
  const [first, last] = fields.nodes;
  await agree({
    ...fields,
    nodes: [first!, conv, { ...last!, inputs: ["conv", "i"] }],
    initializers: [floats("w", [2, 2, 1, 1], [1, 0, 0, 1])],
  });
});
