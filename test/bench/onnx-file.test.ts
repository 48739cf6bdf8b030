// ONNX files as cases of the bench: what is measured agrees with what is expected, and rows say by how much.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { measureCase } from "../../bench/measure.ts";
import { openOnnxCases, parseOnnxPath } from "../../bench/onnx-file.ts";
import { recordsSection, writeRecords } from "../../bench/performance.ts";
import { parseRecord } from "../../bench/report/read.ts";
import { formatRecord } from "../../bench/report/text.ts";
import { drawStrokes } from "../../bench/strokes.ts";
import { writeSafetensors } from "../../src/formats/safetensors/index.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { buildModel, dataType, floats, type ModelFields } from "../formats/onnx/build.ts";
import { openTestGpu } from "../support/gpu.ts";
import { scratchFolder } from "../support/scratch.ts";
import { buildPeer, buildRecord, buildRow } from "./record.ts";

const folder = scratchFolder();
let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(async () => {
  await gpu.dispose();
});

/** Two outputs of floats and one of labels. */
const network: ModelFields = {
  inputs: { x: ["N", 3, 8, 8] },
  nodes: [
    { op: "Conv", name: "conv", inputs: ["x", "w"] },
    { op: "Relu", name: "act", inputs: ["conv"] },
    { op: "ArgMax", name: "label", inputs: ["act"], attributes: { axis: 1 } },
  ],
  outputs: ["conv", "label", "act"],
  outputTypes: { label: dataType.i64 },
  initializers: [floats("w", [2, 3, 1, 1], [1, 2, 3, -1, 0, 1])],
};

function write(name: string, fields: ModelFields = network): string {
  const path = join(folder, `${name}.onnx`);
  writeFileSync(path, buildModel(fields));
  return path;
}

/** What the network makes of x [1, 3, 8, 8], as PyTorch would have written it. */
function reference(x: Float32Array, off = 0) {
  const at = (c: number, i: number) => x[c * 64 + i]!;
  const conv = Float32Array.from({ length: 128 }, (_, i) =>
    i < 64 ? at(0, i) + 2 * at(1, i) + 3 * at(2, i) : at(2, i - 64) - at(0, i - 64) + off,
  );
  const shape = [1, 2, 8, 8];
  return new Map([
    ["image", { shape: [1, 3, 8, 8], data: x }],
    ["output0", { shape, data: conv }],
    ["output1", { shape: [1, 1, 8, 8], data: new Float32Array(64) }],
    ["output2", { shape, data: conv.map((value) => Math.max(value, 0)) }],
  ]);
}

const image = Float32Array.from({ length: 192 }, (_, i) => ((i * 37) % 64) / 32 - 1);
const options = { rounds: 1, peers: ["ONNX Runtime CPU" as const], peaks: null };

test("a path may give a shape", () => {
  expect(parseOnnxPath("a@b/net.onnx")).toEqual({ path: "a@b/net.onnx", shape: undefined });
  expect(parseOnnxPath("net.onnx@1,3,48,320")).toEqual({ path: "net.onnx", shape: [1, 3, 48, 320] });
});

test("without a reference ONNX Runtime computes it; other engines get the file", async () => {
  const { cases, close } = await openOnnxCases({ path: write("alone"), shape: [2, 3, 8, 8] }, ["f32", "f16"]);
  const [full, half] = cases;
  expect(full).toMatchObject({ suite: "onnx", name: "alone 2x3x8x8" });
  const { row } = await measureCase(gpu, full!, options);
  expect(row.problem).toBeUndefined();
  expect(row.parameters).toBe(6);
  expect(row.error?.against).toMatch(/^ONNX Runtime \d/);
  expect(row.error?.relativeL2).toBeLessThan(1e-6);
  expect(row.peers["ONNX Runtime CPU"]).toMatchObject({ relativeL2: expect.any(Number), samples: expect.anything() });
  if (gpu.features.has("shader-f16")) {
    const { row: stored } = await measureCase(gpu, half!, options);
    expect(stored.error?.relativeL2, "stored in f16").toBeLessThan(5e-3);
    expect(stored.peers["ONNX Runtime CPU"]).toEqual({ problem: "the file holds f32, expected a model in f16" });
  }
  await close();
});

test("PyTorch's numbers beside the file count, and a result that is off is a problem", async () => {
  const measured = async (name: string, off: number) => {
    const path = write(name);
    writeFileSync(path.replace(".onnx", ".safetensors"), writeSafetensors(reference(image, off), {}));
    const { cases, close } = await openOnnxCases({ path, shape: undefined }, ["f32"]);
    const { row } = await measureCase(gpu, cases[0]!, { ...options, peers: [] });
    await close();
    return row;
  };
  const good = await measured("good", 0);
  expect(good).toMatchObject({ name: "good 1x3x8x8", error: { against: "PyTorch" } });
  expect(good.problem).toBeUndefined();
  const bad = await measured("bad", 0.01);
  expect(bad.error!.relativeL2).toBeGreaterThan(1e-4);
  expect(bad.problem).toMatch(
    /^our result is \de-\d+ from that of PyTorch|^our result is \d\.\de-\d+ from that of PyTorch/,
  );
});

test("models of several inputs, without floats, or with a reference of another network are refused", async () => {
  const open = (path: string) => openOnnxCases({ path, shape: undefined }, ["f32"]);
  const sum = { inputs: { a: [1], b: [1] }, nodes: [{ op: "Add", inputs: ["a", "b"] }] };
  await expect(open(write("sum", sum))).rejects.toThrow("bench: the graph has 2 inputs, expected one");
  const labels = { ...network, inputs: { x: [1, 3, 8, 8] }, outputs: ["label"] };
  await expect(open(write("labels", labels))).rejects.toThrow("bench: the graph has no f32 output, expected one");
  const path = write("other");
  const tensors = reference(image);
  tensors.delete("output2");
  writeFileSync(path.replace(".onnx", ".safetensors"), writeSafetensors(tensors, {}));
  await expect(open(path)).rejects.toThrow("expected output2 of f32 [1, 2, 8, 8]");
});

test("strokes are dark lines on a light ground, the same in every plane", () => {
  const drawn = drawStrokes([2, 3, 48, 64]);
  const [plane, last] = [drawn.subarray(0, 48 * 64), drawn.subarray(-48 * 64)];
  expect(last).toEqual(plane);
  const dark = plane.reduce((count, value) => count + (value === -1 ? 1 : 0), 0);
  expect(dark / plane.length).toBeGreaterThan(0.05);
  expect(dark / plane.length).toBeLessThan(0.5);
  expect(new Set(plane)).toEqual(new Set([1, -1]));
});

const fileRow = buildRow({
  suite: "onnx",
  group: "ONNX files",
  name: "net 1x3x8x8",
  parameters: 11_700_000,
  error: { against: "PyTorch", relativeL2: 3.2e-7 },
  memory: { plannedBytes: 3 * 2 ** 20, lowerBoundBytes: 2 ** 20 },
});

test("records keep what rows of files say, tables show it", () => {
  const peer = { ...buildPeer(2), note: "some nodes on its CPU provider" };
  const record = buildRecord([{ ...fileRow, peers: { "ONNX Runtime WebGPU": peer } }]);
  expect(parseRecord(JSON.stringify(record), "r.json")).toEqual(record);
  expect(formatRecord(record, { width: 160 })).toMatch(/net 1x3x8x8 +f32 +11\.7 M +3\.2e-7 +3\.00/);
});

test("the table of ONNX files has a line for each network, in both precisions, and says what is beyond its limit", () => {
  const marks = `${recordsSection.begin}${recordsSection.end}`;
  const half = {
    ...fileRow,
    precision: "f16" as const,
    error: { against: "PyTorch", relativeL2: 6e-3 },
    problem: "our result is 6.0e-3 from that of PyTorch",
    peers: {},
    ratio: null,
  };
  const peers = { "ONNX Runtime WebGPU": { ...buildPeer(2), note: "some nodes on its CPU provider" } };
  const text = writeRecords(marks, [{ file: "r.json", record: buildRecord([{ ...fileRow, peers }, half]) }]);
  expect(text).toContain(
    "| net 1x3x8x8 | 11.7 M | 3.2e-7 | 6.0e-3 | 3.00 MiB | 3.00 MiB | 1.00 ms | 1.00 ms | 2.00 ms* | 2.00 |",
  );
  expect(text).toContain("against PyTorch on the CPU");
  expect(text).toContain("* some nodes on its CPU provider.");
  expect(text).toContain("Not counted: net 1x3x8x8, f16: our result is 6.0e-3 from that of PyTorch.");
});
