// Networks as both ONNX exporters of PyTorch write them, with static and with open sizes, against PyTorch's own outputs.
// Without Python and PyTorch the exports cannot be made, and the suite says so.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { difference } from "../../src/difference.ts";
import { importOnnx } from "../../src/formats/onnx/index.ts";
import { readSafetensors } from "../../src/formats/safetensors/index.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { compile } from "../../src/graph/compile.ts";
import { weightsFor } from "../../src/models/weights.ts";
import { runParity } from "../../src/parity/index.ts";
import { onnxRuntime } from "../../src/parity/onnxruntime-node.ts";
import { openTestGpu } from "../support/gpu.ts";

/** The limit of whole networks in f32. */
const limit = 1e-5;

const modules = "import torch, onnx, onnxscript, safetensors";
const python = spawnSync("python3", ["-c", modules], { encoding: "utf8" });
const isHere = python.status === 0;
if (!isHere) {
  const reason = python.error?.message ?? python.stderr.trim().split("\n").at(-1);
  console.warn(`PyTorch's exports did not run: ${modules} failed (${reason})`);
}

const folder = process.env.ATROUS_EXPORTS ?? mkdtempSync(join(tmpdir(), "atrous-exports-"));
let gpu: Gpu | undefined;
afterAll(async () => {
  await gpu?.dispose();
  if (process.env.ATROUS_EXPORTS === undefined) rmSync(folder, { recursive: true });
});

test.runIf(isHere)(
  `every export agrees with PyTorch within a relative L2 of ${limit}`,
  async () => {
    // A folder of exports that is there already is used as it is.
    if (process.env.ATROUS_EXPORTS === undefined) {
      const exported = spawnSync("python3", ["test/conformance/export.py", folder], { encoding: "utf8" });
      expect(exported.status, exported.stderr).toBe(0);
    }
    gpu = await openTestGpu();
    const cases: string[] = JSON.parse(readFileSync(join(folder, "cases.json"), "utf8"));
    const faults: string[] = [];
    let largest = 0;
    for (const name of cases) {
      const error = await relativeError(gpu, name).catch((fault: unknown) => {
        faults.push(`${name}: ${fault}`);
        return 0;
      });
      largest = Math.max(largest, error);
      if (error > limit) faults.push(`${name}: relative L2 ${error}`);
    }
    console.log(`${cases.length} exports of PyTorch, largest relative L2 ${largest.toExponential(1)}`);
    expect(faults).toEqual([]);
    expect(cases.length).toBe(24);
  },
  600_000,
);

test.runIf(isHere)(
  "an export with open sizes and weights beside it agrees with ONNX Runtime in every value",
  async () => {
    gpu ??= await openTestGpu();
    const shape = [1, 3, 64, 64];
    const report = await runParity(gpu, join(folder, "resnet18-dynamo-open.onnx"), await onnxRuntime(), { shape });
    expect(report.firstDivergence).toBeUndefined();
    expect(report.layers).toBeGreaterThan(40);
  },
);

/** The largest error of a network's outputs. */
async function relativeError(device: Gpu, name: string): Promise<number> {
  const { tensors } = await readSafetensors(join(folder, `${name}.safetensors`));
  const image = tensors.get("image");
  if (!(image?.data instanceof Float32Array)) throw new Error("the reference has no image");
  const model = await importOnnx(join(folder, `${name}.onnx`), { shape: image.shape });
  const compiled = await compile(device, model.graph, weightsFor(device, model.weights));
  try {
    const results = await compiled.run({ image: { shape: image.shape, data: image.data } });
    const errors = [...model.graph.outputs.keys()].map((output, i) => {
      const expected = tensors.get(`output${i}`);
      const got = results[output];
      if (!expected || !got) throw new Error(`output ${i} is missing`);
      expect(got.shape, `${name}: output ${i}`).toEqual(expected.shape);
      return difference(expected.shape, got.data, Float32Array.from(expected.data, Number)).relativeL2;
    });
    return Math.max(...errors);
  } finally {
    await compiled.dispose();
    await model.close();
  }
}
