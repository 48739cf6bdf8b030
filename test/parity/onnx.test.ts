// ONNX models against ONNX Runtime, value by value.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { UsageError } from "../../src/errors.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { loadPackage } from "../../src/package.ts";
import { runParity, toJUnit } from "../../src/parity/index.ts";
import { onnxRuntime } from "../../src/parity/onnxruntime-node.ts";
import type { ReferenceEngine } from "../../src/parity/reference.ts";
import { buildModel, dataType, floats, ints, type ModelFields } from "../formats/onnx/build.ts";
import { openTestGpu } from "../support/gpu.ts";
import { scratchFolder } from "../support/scratch.ts";

const folder = scratchFolder();
let gpu: Gpu;
let engine: ReferenceEngine;
beforeAll(async () => {
  gpu = await openTestGpu();
  engine = await onnxRuntime();
});
afterAll(async () => {
  await gpu.dispose();
});

/** Convolutions with what exporters put between them: shapes that are computed, names for nothing, a softmax spelt out. */
const network = (middle = 0.25): ModelFields => ({
  opset: 17,
  inputs: { x: ["N", 3, "H", "W"] },
  nodes: [
    { op: "Conv", name: "stem", inputs: ["x", "w1", "b1"], attributes: { pads: [1, 1, 1, 1] } },
    { op: "BatchNormalization", name: "norm", inputs: ["stem", "scale", "shift", "mean", "variance"] },
    { op: "Relu", name: "act", inputs: ["norm"] },
    { op: "Identity", name: "same", inputs: ["act"] },
    { op: "Conv", name: "middle", inputs: ["same", "w2"], attributes: { pads: [1, 1, 1, 1] } },
    { op: "Add", name: "sum", inputs: ["middle", "act"] },
    { op: "MaxPool", name: "pool", inputs: ["sum"], attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
    { op: "Shape", name: "size", inputs: ["pool"] },
    { op: "Sigmoid", name: "gate", inputs: ["pool"] },
    { op: "Reshape", name: "back", inputs: ["gate", "size"] },
    { op: "Exp", name: "exp", inputs: ["back"] },
    { op: "ReduceSum", name: "total", inputs: ["exp", "axes"] },
    { op: "Div", name: "chances", inputs: ["exp", "total"] },
    { op: "ArgMax", name: "classes", inputs: ["chances"], attributes: { axis: 1, keepdims: 0 } },
  ],
  outputs: ["chances", "classes"],
  outputTypes: { classes: dataType.i64 },
  initializers: [
    floats("w1", [4, 3, 3, 3]),
    floats("b1", [4]),
    floats("scale", [4], [1, 0.5, 2, 1]),
    floats("shift", [4]),
    floats("mean", [4]),
    floats("variance", [4], [1, 2, 0.5, 1]),
    floats("w2", [4, 4, 3, 3], [middle]),
    ints("axes", [1]),
  ],
});
const shape = [1, 3, 10, 12];

test("every value that both have agrees, and the rest is counted", async () => {
  const report = await runParity(gpu, buildModel(network()), engine, { shape });
  expect(report.firstDivergence).toBeUndefined();
  expect(report.passed).toBe(true);
  expect(report.reference).toMatch(/^ONNX Runtime \d/);
  const layers = report.rows.slice(0, report.layers).map(({ layer, operator }) => `${layer} ${operator}`);
  expect(layers).toEqual([
    "stem Conv",
    "norm BatchNormalization",
    "act Relu",
    "middle Conv",
    "sum Add",
    "pool MaxPool",
    "gate Sigmoid",
    "chances Softmax",
    "classes ArgMax",
  ]);
  expect(report.rows.slice(report.layers).map(({ layer, operator }) => [layer, operator])).toEqual([
    ["chances", "output"],
    ["classes", "output"],
  ]);
  // Identity and Reshape hand on, Shape is known, Exp and ReduceSum are parts of the softmax.
  expect(report.skipped).toBe(5);
  expect(report.classes).toBeUndefined();
  expect(gpu.allocated.buffers, "buffers alive afterwards").toBe(0);
});

test("the first layer that is off is named, with its operator", async () => {
  const broken: ReferenceEngine = {
    name: "broken",
    run: (model, inputs) => {
      // The other model's values are asked for by the same bytes behind its own.
      const added = model.bytes.subarray(buildModel(network()).length);
      return engine.run({ ...model, bytes: new Uint8Array([...buildModel(network(0.26)), ...added]) }, inputs);
    },
  };
  const report = await runParity(gpu, buildModel(network()), broken, { shape });
  expect(report.passed).toBe(false);
  expect(report.firstDivergence).toBe("middle (Conv)");
  expect(report.rows.slice(0, 4).map(({ passed }) => passed)).toEqual([true, true, true, false]);
  expect(toJUnit([report])).toContain('name="middle (Conv)"><failure message="relative L2');
});

test("weights beside the file, integer inputs, and inputs that are given", async () => {
  const weight = floats("w", [4, 3, 1, 1]).raw_data;
  writeFileSync(join(folder, "w.bin"), weight instanceof Uint8Array ? weight : "");
  const model = buildModel({
    inputs: { x: [1, 3, 4, 4], size: [3] },
    types: { size: dataType.i64 },
    nodes: [
      { op: "Conv", name: "conv", inputs: ["x", "w"] },
      { op: "Reshape", name: "flat", inputs: ["conv", "size"] },
    ],
    initializers: [
      {
        name: "w",
        dims: [4, 3, 1, 1],
        data_type: dataType.f32,
        data_location: 1,
        external_data: [{ key: "location", value: "w.bin" }],
      },
    ],
  });
  writeFileSync(join(folder, "m.onnx"), model);
  const size = { shape: [3], data: Int32Array.of(1, 4, 16) };
  const x = { shape: [1, 3, 4, 4], data: Float32Array.from({ length: 48 }, (_, i) => i) };
  const report = await runParity(gpu, join(folder, "m.onnx"), engine, { values: { size }, inputs: { x } });
  expect(report.passed).toBe(true);
  expect(report.rows.map(({ layer }) => layer)).toEqual(["conv", "flat", "flat"]);
  expect(Math.abs(report.rows[0]!.worst.expected), "the given input, not a random one").toBeGreaterThan(3);
});

test("a model in f16 has the limit of f16", async () => {
  const half = {
    name: "w",
    dims: [2, 3, 1, 1],
    data_type: dataType.f16,
    int32_data: [0x3c00, 1, 2, 0x3555, 4, 0x2e66],
  };
  const fields = {
    types: { x: dataType.f16 },
    nodes: [{ op: "Conv", name: "conv", inputs: ["x", "w"] }],
    initializers: [half],
  };
  const report = await runParity(gpu, buildModel({ ...fields, outputTypes: { conv: dataType.f16 } }), engine);
  expect([report.limit, report.passed]).toEqual([5e-3, true]);
  expect(Math.max(...report.rows.map(({ relativeL2 }) => relativeL2)), "rounded there").toBeGreaterThan(1e-5);
});

test("values with names of any length", async () => {
  const [long, longer] = ["a".repeat(130), "b".repeat(20_000)];
  const nodes = [long, longer, "last"].map((name, i) => ({ op: "Relu", name, inputs: [["x", long, longer][i]!] }));
  const report = await runParity(gpu, buildModel({ nodes }), engine);
  expect([report.layers, report.passed]).toEqual([3, true]);
});

test("errors far below f32 of numbers around one pass: ONNX Runtime's sigmoid is an approximation", async () => {
  const model = buildModel({ inputs: { x: [1, 4] }, nodes: [{ op: "Sigmoid", inputs: ["x"] }] });
  const x = { shape: [1, 4], data: Float32Array.of(-17, -17.5, -16, -20) };
  const report = await runParity(gpu, model, engine, { inputs: { x } });
  expect(report.rows[0]?.relativeL2).toBeGreaterThan(1e-3);
  expect(report.passed).toBe(true);
});

test("without the package the error says what to install", async () => {
  const missing = Object.assign(new Error("Cannot find package 'onnxruntime-node' imported from here"), {
    code: "ERR_MODULE_NOT_FOUND",
  });
  const opened = loadPackage("onnxruntime-node", () => Promise.reject(missing));
  await expect(opened).rejects.toThrow(
    new UsageError("the package onnxruntime-node is not installed: npm install onnxruntime-node"),
  );
});

test("model and reference are of one kind", async () => {
  const weights = "weights/goldens/plain-w8";
  await expect(runParity(gpu, buildModel(network()), `${weights}/reference.safetensors`)).rejects.toThrow(
    "model: is an ONNX model, expected an engine that runs it as the reference",
  );
  await expect(runParity(gpu, `${weights}/model.safetensors`, engine)).rejects.toThrow(
    /plain-w8\/model\.safetensors: ONNX Runtime [\d.]+ runs ONNX models only, expected an \.onnx file/,
  );
  const shaped = runParity(gpu, `${weights}/model.safetensors`, `${weights}/reference.safetensors`, { shape });
  await expect(shaped).rejects.toThrow("shape: is stated by the reference, expected none");
  await expect(runParity(gpu, buildModel(network()), engine, { inputs: {}, shape })).rejects.toThrow(
    /input "x" has no values/,
  );
});
