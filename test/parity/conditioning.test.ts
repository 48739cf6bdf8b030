// A layer is judged by what it adds: a sigmoid far from 0 makes a good input's error larger.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { type ParityReport, runParity, toJUnit } from "../../src/parity/index.ts";
import { onnxRuntime } from "../../src/parity/onnxruntime-node.ts";
import type { ReferenceEngine, ReferenceTensor } from "../../src/parity/reference.ts";
import { buildModel, floats } from "../formats/onnx/build.ts";
import { openTestGpu } from "../support/gpu.ts";

let gpu: Gpu;
let engine: ReferenceEngine;
beforeAll(async () => {
  gpu = await openTestGpu();
  engine = await onnxRuntime();
});
afterAll(() => gpu.dispose());

type Tail = "Sigmoid" | "Softmax" | "Exp" | "Relu";

/** One number per pixel times `weights`, then the tail, fused where that is an output, then a scale that hands its error on. */
function model(tail: Tail, weights: readonly number[]): Uint8Array {
  return buildModel({
    inputs: { x: [1, 1, 8, 8] },
    nodes: [
      { op: "Conv", name: "conv", inputs: ["x", "w"] },
      { op: tail, name: "tail", inputs: ["conv"], attributes: tail === "Softmax" ? { axis: 1 } : {} },
      { op: "Mul", name: "scaled", inputs: ["tail", "two"] },
    ],
    outputs: ["scaled", "tail"],
    initializers: [floats("w", [2, 1, 1, 1], weights), floats("two", [1], [2])],
  });
}

/** Weights with which the tail works far from 0. */
const weightsOf: Readonly<Record<Tail, readonly number[]>> = {
  Sigmoid: [-3, -3.5],
  Softmax: [-300, -302],
  Exp: [9, 10],
  Relu: [9, 10],
};
const x = { shape: [1, 1, 8, 8], data: Float32Array.from({ length: 64 }, (_, i) => 0.9 + i / 256) };

interface Faults {
  /** Relative error of the convolution in the reference. */
  readonly before: number;
  /** Relative error that the reference adds in the tail. */
  readonly own: number;
}

async function parity(tail: Tail, { before, own }: Faults): Promise<ParityReport> {
  const right = model(tail, weightsOf[tail]);
  const moved = weightsOf[tail].map((weight, i) => weight * (1 + (i === 0 ? before : -before)));
  const off: ReferenceEngine = {
    name: "off",
    async run(given, inputs) {
      // The values that are compared are asked for by bytes behind the model's own.
      const bytes = new Uint8Array([...model(tail, moved), ...given.bytes.subarray(right.length)]);
      const values = await engine.run({ ...given, bytes }, inputs);
      const scale = ({ shape, data }: ReferenceTensor) => ({ shape, data: data.map((value) => value * (1 + own)) });
      return { ...values, tail: scale(values.tail!), scaled: scale(values.scaled!) };
    },
  };
  return runParity(gpu, right, off, { inputs: { x } });
}

const verdicts = ({ rows }: ParityReport) => rows.map(({ layer, passed }) => `${layer} ${passed ? "ok" : "off"}`);

for (const tail of ["Sigmoid", "Softmax", "Exp"] as const) {
  test(`${tail}: an error that its input explains passes`, async () => {
    const report = await parity(tail, { before: 6e-6, own: 0 });
    const [before, ...behind] = report.rows;
    expect(before!.relativeL2).toBeLessThan(report.limit);
    for (const each of behind) {
      expect(each.relativeL2).toBeGreaterThan(report.limit);
      expect(each.explained! / each.relativeL2).toBeCloseTo(1, 1);
      expect(each.added).toBeLessThan(1e-6);
    }
    expect(verdicts(report)).toEqual(["conv ok", "tail ok", "scaled ok", "scaled ok", "tail ok"]);
    expect(report.passed).toBe(true);
    expect(toJUnit([report])).toMatch(/name="tail \(\w+\)"><system-out>relative L2 [^<]+; its inputs explain/);
    expect(gpu.allocated.buffers, "buffers alive afterwards").toBe(0);
  });

  test(`${tail}: its own error fails, explained or not`, async () => {
    for (const before of [0, 6e-6]) {
      const report = await parity(tail, { before, own: 3e-5 });
      expect(report.firstDivergence).toBe(`tail (${tail})`);
      expect(report.rows[1]!.added! / 3e-5).toBeCloseTo(1, 1);
      expect(verdicts(report)).toEqual(["conv ok", "tail off", "scaled off", "scaled off", "tail off"]);
    }
  });

  test(`${tail}: an error of the layer before fails there, and is excused nowhere`, async () => {
    const report = await parity(tail, { before: 3e-5, own: 0 });
    expect(report.firstDivergence).toBe("conv (Conv)");
    expect(verdicts(report)).toEqual(["conv off", "tail off", "scaled off", "scaled off", "tail off"]);
    expect(report.rows.every(({ explained }) => explained === undefined)).toBe(true);
    expect(toJUnit([report])).toContain('failures="5"');
  });
}

test("what a layer hands on without making it larger is bound by the limit", async () => {
  const report = await parity("Relu", { before: 9.9e-6, own: 4e-6 });
  expect(report.rows[1]!.added).toBeLessThan(report.limit);
  expect(report.firstDivergence).toBe("tail (Relu)");
});

test("elements that are not finite here are counted, and their first layer named", async () => {
  const report = await parity("Exp", { before: 0, own: 0 });
  expect([report.firstNonFinite, report.rows[1]!.nonFinite]).toEqual([undefined, 0]);
  const high: ReferenceEngine = {
    name: "of more range",
    async run(given, inputs) {
      const values = await engine.run(given, inputs);
      const limit = ({ shape, data }: ReferenceTensor) => ({ shape, data: data.map((v) => Math.min(v, 3e38)) });
      return { ...values, tail: limit(values.tail!), scaled: limit(values.scaled!) };
    },
  };
  const lost = await runParity(gpu, model("Exp", [88, 99]), high, { inputs: { x } });
  expect(lost.firstNonFinite).toBe("tail (Exp)");
  expect(lost.rows[1]!.nonFinite).toBeGreaterThan(0);
  expect(lost.passed).toBe(false);
  expect(toJUnit([lost])).toMatch(/name="tail \(Exp\)"><failure message="[^"]*elements are not finite"/);
});
