// The networks against PyTorch's own numbers, layer by layer, on the goldens that ship.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FormatError } from "../../src/errors.ts";
import { readSafetensors, writeSafetensors } from "../../src/formats/safetensors/index.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { networks } from "../../src/models/registry.ts";
import { runParity, toJUnit } from "../../src/parity/index.ts";
import { openTestGpu } from "../support/gpu.ts";

const folder = "weights/goldens";
const read = (name: string, file: string) => new Uint8Array(readFileSync(join(folder, name, file)));

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openTestGpu();
});
afterAll(() => gpu.dispose());

interface Golden {
  readonly name: string;
  readonly network: string | undefined;
  /** What the reference holds: layers, and the gradients of the image, every parameter and every running statistic. */
  readonly layers: number;
  readonly outputs: number;
  readonly gradients: number;
}

async function openGolden(name: string): Promise<Golden> {
  const { metadata, tensors } = await readSafetensors(read(name, "model.safetensors"));
  const reference = [...(await readSafetensors(read(name, "reference.safetensors"))).tensors.keys()];
  const count = (prefix: string) => reference.filter((key) => key.startsWith(prefix)).length;
  const golden = {
    name,
    network: metadata["atrous.network"],
    layers: count("layer:"),
    outputs: count("output:"),
    gradients: count("gradient:"),
  };
  expect([0, tensors.size + 1], `gradients of ${name}: all or none`).toContain(golden.gradients);
  return golden;
}

const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const goldens = await Promise.all(folders.map(({ name }) => openGolden(name)));

test("every network has goldens, one of them with gradients", () => {
  for (const network of networks) {
    const own = goldens.filter((golden) => golden.network === network.name);
    expect(
      own.some(({ gradients }) => gradients > 0),
      network.name,
    ).toBe(true);
  }
});

test("there are goldens with and without fusion of scales", () => {
  const names = goldens.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(["msff-w8", "msff-w8-pools", "plain-w8"]));
});

for (const { name, layers, outputs, gradients } of goldens) {
  test(`${name}: every layer and the logits`, async () => {
    const report = await runParity(gpu, read(name, "model.safetensors"), read(name, "reference.safetensors"));
    expect(report.layers).toBe(layers);
    expect(report.gradients).toBe(gradients);
    expect(report.rows.length).toBe(layers + outputs + gradients);
    expect(layers).toBeGreaterThan(20);
    expect(report.firstDivergence).toBeUndefined();
    expect(report.classes?.unexplained).toBe(0);
    expect(report.passed).toBe(true);
    expect(gpu.allocated.buffers, "buffers alive afterwards").toBe(0);
  });
}

test("in f16 every layer stays within the limit of f16", async ({ skip }) => {
  skip(!gpu.features.has("shader-f16"), "no shader-f16");
  const files = ["model.safetensors", "reference.safetensors"].map((file) => read("msff-w8", file));
  const report = await runParity(gpu, files[0]!, files[1]!, { precision: "f16" });
  expect(report.firstDivergence).toBeUndefined();
  expect(report.limit).toBe(5e-3);
  expect(Math.max(...report.rows.map(({ relativeL2 }) => relativeL2)), "rounded at all").toBeGreaterThan(1e-5);
});

/** The golden whose gradients are tampered with. */
const withGradients = "msff-w32-gradients";

/** Weights with one tensor changed: one element alone may meet only padding or a silent channel. */
async function tampered(name: string, tensor: string): Promise<Uint8Array> {
  const { tensors, metadata } = await readSafetensors(read(name, "model.safetensors"));
  const data = tensors.get(tensor)!.data as Float32Array;
  data.forEach((value, i) => {
    data[i] = value + 0.01;
  });
  return writeSafetensors(tensors, metadata);
}

test.each([
  ["layer3.0.bn2.bias", "layer3.0.bn2"],
  ["layer1.0.conv1.weight", "layer1.0.bn1"],
  ["msff.atrous.1.depthwise.weight", "msff.atrous.1.bn2"],
  ["decoder2.up.weight", "decoder2.bn2"],
  ["head.conv2.bias", "head.conv2"],
])("a change of %s is found at %s", async (tensor, layer) => {
  const model = await tampered("msff-w8", tensor);
  const report = await runParity(gpu, model, read("msff-w8", "reference.safetensors"));
  expect(report.firstDivergence).toBe(layer);
  expect(report.passed).toBe(false);
  const junit = toJUnit([report]);
  expect(junit).toContain(`name="${layer}"><failure message="relative L2`);
});

test("no gradient of the golden is zero: a dead layer would hide every error before it", async () => {
  const { tensors } = await readSafetensors(read(withGradients, "reference.safetensors"));
  const gradients = [...tensors].filter(([name]) => name.startsWith("gradient:"));
  const dead = gradients.filter(([, { data }]) => (data as Float32Array).every((value) => value === 0));
  expect(dead.map(([name]) => name)).toEqual([]);
});

test("a gradient that is off is found, the first of the backward pass, and JUnit has its error", async () => {
  const { tensors, metadata } = await readSafetensors(read(withGradients, "reference.safetensors"));
  for (const name of ["conv1.weight", "layer3.0.bn2.running_var"]) {
    const data = tensors.get(`gradient:${name}`)!.data as Float32Array;
    data[0] = data[0]! + 1e-3 * Math.hypot(...data);
  }
  const report = await runParity(gpu, read(withGradients, "model.safetensors"), writeSafetensors(tensors, metadata));
  expect(report.rows.filter(({ passed }) => !passed).map(({ layer }) => layer)).toEqual([
    "grad:layer3.0.bn2.running_var",
    "grad:conv1.weight",
  ]);
  expect(report.firstDivergence).toBe("grad:layer3.0.bn2.running_var");
  expect(report.passed).toBe(false);
  expect(toJUnit([report])).toMatch(
    /name="grad:conv1\.weight"><failure message="relative L2 .* over the limit 0\.0001/,
  );
});

test("gradients of what the network does not have are refused", async () => {
  const { tensors, metadata } = await readSafetensors(read(withGradients, "reference.safetensors"));
  tensors.set("gradient:conv9.weight", tensors.get("gradient:conv1.weight")!);
  const running = runParity(gpu, read(withGradients, "model.safetensors"), writeSafetensors(tensors, metadata));
  await expect(running).rejects.toThrow(/the network has no input or parameter "conv9.weight"/);
});

test("weights of another network are refused", async () => {
  const foreign = writeSafetensors({ "conv1.weight": { shape: [1], data: new Float32Array(1) } }, { format: "pt" });
  await expect(runParity(gpu, foreign, read("msff-w8", "reference.safetensors"))).rejects.toThrow(FormatError);
  const plain = runParity(gpu, read("plain-w8", "model.safetensors"), read("msff-w8", "reference.safetensors"));
  await expect(plain).rejects.toThrow(/the network has no layer "msff.atrous.0.bn1"/);
});
