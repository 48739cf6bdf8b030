// Networks as both ONNX exporters of PyTorch write them, with static and with open sizes and as half models, against PyTorch's
// own outputs in f32. Without Python and PyTorch the exports cannot be made, and the suite says so.
//
// ATROUS_EXPORTS names a folder that export.py filled before; it is used as it is.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { difference } from "../../src/difference.ts";
import { importOnnx } from "../../src/formats/onnx/index.ts";
import { readSafetensors } from "../../src/formats/safetensors/index.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { compile } from "../../src/graph/run/compile.ts";
import { weightsFor } from "../../src/models/weights.ts";
import { runParity } from "../../src/parity/index.ts";
import { onnxRuntime } from "../../src/parity/onnxruntime-node.ts";
import { elementCount } from "../../src/tensor.ts";
import { openTestGpu } from "../support/gpu.ts";
import { scratchFolder } from "../support/scratch.ts";

type Precision = "f32" | "f16";

/** Of whole networks: the largest relative L2 of their outputs. */
const limits: Readonly<Record<Precision, number>> = { f32: 1e-5, f16: 5e-3 };

interface ExportCase {
  readonly name: string;
  readonly network: string;
  readonly exporter: "torchscript" | "dynamo";
  readonly shapes: "static" | "open" | "half";
}

/** Whose outputs jump where labels or thresholds flip, which in f16 some do. */
const discontinuous = new Set(["masks"]);

const modules = "import torch, onnx, onnxscript, safetensors";
const python = spawnSync("python3", ["-c", modules], { encoding: "utf8" });
const isHere = python.status === 0;
if (!isHere) {
  const reason = python.error?.message ?? python.stderr.trim().split("\n").at(-1);
  console.warn(`PyTorch's exports did not run: ${modules} failed (${reason})`);
}

/** The short form has each network by both exporters, one with static and one with open sizes; `.ci/long` has all. */
const isShort = process.env.ATROUS_EXPORTS_ALL !== "1" && process.env.ATROUS_EXPORTS === undefined;
const folder = process.env.ATROUS_EXPORTS ?? scratchFolder();

describe.runIf(isHere)("exports of PyTorch", () => {
  let gpu: Gpu;
  let cases: readonly ExportCase[];
  const rows: string[] = [];

  beforeAll(async () => {
    if (process.env.ATROUS_EXPORTS === undefined) {
      const exported = spawnSync("python3", ["test/conformance/export.py", ...(isShort ? ["--short"] : []), folder], {
        encoding: "utf8",
      });
      expect(exported.status, exported.stderr).toBe(0);
    }
    cases = JSON.parse(readFileSync(join(folder, "cases.json"), "utf8"));
    gpu = await openTestGpu();
  }, 600_000);

  afterAll(async () => {
    await gpu?.dispose();
  });

  test("one with open sizes and weights beside it agrees with ONNX Runtime in every value", async () => {
    const shape = [1, 3, 64, 64];
    const report = await runParity(gpu, join(folder, "resnet18-dynamo-open.onnx"), await onnxRuntime(), { shape });
    expect(report.firstDivergence).toBeUndefined();
    expect(report.layers).toBeGreaterThan(40);
  });

  test("static and open sizes agree in f32, static ones and half models in f16", async () => {
    const faults: string[] = [];
    for (const entry of cases) {
      const cells: string[] = [];
      let facts = "";
      for (const precision of ["f32", "f16"] as const) {
        if (!isRun(entry, precision, gpu)) {
          cells.push("-");
          continue;
        }
        const result = await runExport(gpu, entry, precision).catch((fault: unknown) => String(fault));
        if (typeof result === "string") {
          faults.push(`${entry.name}, ${precision}: ${result}`);
          cells.push("failed");
          continue;
        }
        if (!(result.error <= limits[precision]))
          faults.push(`${entry.name}, ${precision}: relative L2 ${result.error}`);
        cells.push(result.error.toExponential(1));
        facts ||= `${result.parameters} | ${result.nodes} | ${result.activationBytes}`;
      }
      rows.push(`| ${entry.network} | ${entry.exporter} | ${entry.shapes} | ${facts} | ${cells.join(" | ")} |`);
    }
    const head = "| network | exporter | shapes | parameters | nodes | planned activation bytes | f32 | f16 |";
    console.log([head, head.replaceAll(/[^|]+/g, " --- "), ...rows].join("\n"));
    expect(faults).toEqual([]);
    expect(cases.length).toBe(isShort ? 30 : 60);
  }, 1_800_000);
});

function isRun({ network, shapes }: ExportCase, precision: Precision, gpu: Gpu): boolean {
  if (precision === "f32") return shapes !== "half";
  return shapes !== "open" && gpu.features.has("shader-f16") && !discontinuous.has(network);
}

/** Imports, compiles and runs one export. */
async function runExport(device: Gpu, { name, shapes }: ExportCase, precision: Precision) {
  const { tensors } = await readSafetensors(join(folder, `${name}.safetensors`));
  const image = tensors.get("image");
  if (!(image?.data instanceof Float32Array)) throw new Error("the reference has no image");
  const model = await importOnnx(join(folder, `${name}.onnx`), { shape: image.shape });
  const weights = weightsFor(device, model.weights);
  const { parameters, nodes, outputs } = model.graph;
  if (shapes === "half") {
    const full = parameters.filter((parameter) => !weights.halfParameters?.has(parameter.name));
    if (full.length > 0) throw new Error(`${full.map((parameter) => parameter.name).join(", ")} did not stay f16`);
  }
  const compiled = await compile(device, model.graph, { ...weights, precision });
  try {
    const results = await compiled.run({ image: { shape: image.shape, data: image.data } });
    const errors = [...outputs.keys()].map((output, i) => {
      const expected = tensors.get(`output${i}`);
      const got = results[output];
      if (!expected || !got) throw new Error(`output ${i} is missing`);
      expect(got.shape, `${name}: output ${i}`).toEqual(expected.shape);
      // Labels jump where two logits are next to equal.
      if (precision === "f16" && got.data instanceof Int32Array) return 0;
      return difference(expected.shape, got.data, Float32Array.from(expected.data, Number)).relativeL2;
    });
    return {
      error: Math.max(...errors),
      parameters: parameters.reduce((sum, { type }) => sum + elementCount(type.shape), 0),
      nodes: nodes.length,
      activationBytes: compiled.memory.activationBytes,
    };
  } finally {
    await compiled.dispose();
    await model.close();
  }
}
