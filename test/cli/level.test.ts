// `--level` and `--average-heads`: one file of a network with several heads, pruned as it is opened.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { difference } from "../../src/difference.ts";
import { readSafetensors, writeSafetensors } from "../../src/formats/safetensors/index.ts";
import { atrous, testFolder } from "./command.ts";

const folder = testFolder();
const golden = "weights/goldens/unet-plus-plus-w16-gradients";
const model = `${golden}/model.safetensors`;
const adapter = ["--adapter", process.env.ATROUS_TEST_ADAPTER ?? "auto"];
const { tensors } = await readSafetensors(readFileSync(`${golden}/reference.safetensors`));

test("inspect tells the parameters and multiply-adds of each level", async () => {
  const reports = [];
  for (const level of ["1", "2", "3", "4"]) {
    const { code, stdout } = await atrous("inspect", model, "--shape", "1,1,64,64", "--level", level, "--json");
    expect(code).toBe(0);
    reports.push(JSON.parse(stdout));
  }
  const counts = reports.map(({ parameters, macs }) => [parameters, macs]);
  // By layer arithmetic: 2, 4, 8, 16 and 32 channels, 1 in and 2 classes.
  expect(counts.map(([parameters]) => parameters)).toEqual([468, 2172, 9048, 36456]);
  expect(counts.map(([, macs]) => macs).toSorted((a, b) => a - b)).toEqual(counts.map(([, macs]) => macs));
});

test("run gives the logits of its head", async () => {
  const { shape, data } = tensors.get("input:image")!;
  const [input, output] = [join(folder, "image"), join(folder, "out")];
  writeFileSync(input, writeSafetensors({ image: { shape, data: data as Float32Array } }));
  const { code, stderr } = await atrous("run", model, "--input", input, "--output", output, "--level", "2", ...adapter);
  expect(code, stderr).toBe(0);
  const logits = (await readSafetensors(readFileSync(output))).tensors.get("logits")!;
  const expected = tensors.get("output:final2")!.data as Float32Array;
  expect(difference(logits.shape, logits.data as Float32Array, expected).relativeL2).toBeLessThan(1e-5);
});

test.each([
  [model, ["--level", "5"], "level: got 5, expected a whole number from 1 to 4"],
  ["weights/goldens/unet-w32-gradients/model.safetensors", ["--level", "1"], "level: the network has one head"],
  [
    "weights/goldens/unet-w32-gradients/model.safetensors",
    ["--average-heads"],
    "averageHeads: the network has one head",
  ],
])("%s %j is refused", async (path, options, message) => {
  const { code, stderr } = await atrous("inspect", path, "--shape", "1,1,16,16", ...options);
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});
