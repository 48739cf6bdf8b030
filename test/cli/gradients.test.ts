// `atrous run --grad-output`: gradients as PyTorch has them, and files that do not fit.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { difference } from "../../src/difference.ts";
import { readSafetensors, writeSafetensors } from "../../src/formats/safetensors/index.ts";
import { buildModel, floats } from "../formats/onnx/build.ts";
import { atrous, testFolder } from "./command.ts";

const folder = testFolder();
const file = (name: string) => join(folder, name);
const golden = "weights/goldens/msff-w32-gradients";
const adapter = ["--adapter", process.env.ATROUS_TEST_ADAPTER ?? "auto"];
const { tensors } = await readSafetensors(readFileSync(`${golden}/reference.safetensors`));

function write(name: string, content: Record<string, { shape: readonly number[]; data: Float32Array }>): void {
  writeFileSync(file(name), writeSafetensors(content));
}

beforeAll(() => {
  const one = { shape: [1], data: new Float32Array(1) };
  const at = (name: string) => ({ shape: tensors.get(name)!.shape, data: tensors.get(name)!.data as Float32Array });
  write("image", { image: at("input:image") });
  write("logits", { logits: at("output-gradient:logits") });
  write("none", {});
  write("other", { classes: one });
  write("shape", { logits: one });
  write("x", { x: { shape: [1, 1, 1, 2], data: Float32Array.of(3, 4) } });
  write("gy", { y: { shape: [1, 1, 1, 2], data: Float32Array.of(10, 100) } });
});

const run = (model: string, input: string, gradient: string, ...options: string[]) => {
  const files = ["--input", file(input), "--grad-output", file(gradient), "--output", file("out")];
  return atrous("run", model, ...files, ...options, ...adapter);
};

test("in f16 gradients are refused", async () => {
  const { code, stderr } = await run(`${golden}/model.safetensors`, "image", "logits", "--precision", "f16");
  expect([code, stderr]).toEqual([2, expect.stringContaining("expected --precision f32")]);
});

test("every gradient of a network", { timeout: 300_000 }, async () => {
  const { code, stdout, stderr } = await run(`${golden}/model.safetensors`, "image", "logits");
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/output +logits \[1, 2, 64, 64\], 235 gradients in/);
  const got = (await readSafetensors(readFileSync(file("out")))).tensors;
  const expected = [...tensors].filter(([name]) => name.startsWith("gradient:"));
  expect([...got.keys()].filter((name) => name.startsWith("grad:"))).toHaveLength(expected.length);
  for (const [name, { shape, data }] of expected) {
    const own = got.get(name.replace("gradient:", "grad:"))!;
    const { relativeL2 } = difference(shape, own.data as Float32Array, data as Float32Array);
    expect(relativeL2, name).toBeLessThanOrEqual(1e-4);
  }
});

test("of an ONNX model, by the names of its tensors", async () => {
  const double = { op: "Conv", name: "double", inputs: ["x", "w"], outputs: ["y"] };
  writeFileSync(
    file("double.onnx"),
    buildModel({ inputs: { x: [1, 1, 1, 2] }, nodes: [double], initializers: [floats("w", [1, 1, 1, 1], [2])] }),
  );
  const { code, stderr } = await run(file("double.onnx"), "x", "gy");
  expect(code, stderr).toBe(0);
  const got = (await readSafetensors(readFileSync(file("out")))).tensors;
  expect(got.get("grad:x")!.data).toEqual(Float32Array.of(20, 200));
  expect(got.get("grad:w")!.data).toEqual(Float32Array.of(430));
});

test.each([
  ["none", /none: no tensors, expected one for an output: logits/],
  ["other", /other: "classes" is no output of the model, expected logits/],
  ["shape", /shape: "logits" is \[1\], expected \[1, 2, 64, 64\] as the output/],
  ["absent", /absent: no such file/],
])("a file that does not fit: %s", async (name, message) => {
  const { code, stdout, stderr } = await run(`${golden}/model.safetensors`, "image", name);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(message);
  expect(stderr.trim().split("\n")).toHaveLength(1);
});

test("parity names the first gradient that diverges, in the report and in JUnit", { timeout: 300_000 }, async () => {
  const { tensors: changed, metadata } = await readSafetensors(readFileSync(`${golden}/reference.safetensors`));
  const data = changed.get("gradient:layer2.0.bn1.weight")!.data as Float32Array;
  data[0] = data[0]! + Math.hypot(...data);
  writeFileSync(file("reference.safetensors"), writeSafetensors(changed, metadata));
  const paths = ["--reference", file("reference.safetensors"), "--junit", file("parity.xml")];
  const { code, stdout, stderr } = await atrous("parity", `${golden}/model.safetensors`, ...paths, ...adapter);
  expect(code, stderr).toBe(1);
  expect(stdout).toContain("FAILED: the first gradient that diverges is grad:layer2.0.bn1.weight");
  expect(stdout).toContain("off are 0 of 38 layers, 0 of 1 outputs, 1 of 235 gradients");
  expect(readFileSync(file("parity.xml"), "utf8")).toContain('name="grad:layer2.0.bn1.weight"><failure message');
});
