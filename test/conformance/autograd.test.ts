// `atrous run --grad-output` against PyTorch's autograd: the goldens, and ONNX exports. Without Python and PyTorch there is nothing
// to compare with, and the suite says so.
//
// ATROUS_GRADIENTS_ALL=1 takes the long ones too. ATROUS_GRADIENTS names a folder that autograd.py filled before; it is used as it is.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { difference } from "../../src/difference.ts";
import { readSafetensors } from "../../src/formats/safetensors/index.ts";
import { atrous } from "../cli/command.ts";
import { scratchFolder } from "../support/scratch.ts";

/** Relative L2 of each gradient. */
const limit = 1e-4;

const modules = "import torch, onnx, onnxscript, safetensors";
const python = spawnSync("python3", ["-c", modules], { encoding: "utf8" });
const isHere = python.status === 0;
if (!isHere) {
  const reason = python.error?.message ?? python.stderr.trim().split("\n").at(-1);
  console.warn(`PyTorch's gradients did not run: ${modules} failed (${reason})`);
}

describe.runIf(isHere)("gradients as PyTorch has them", () => {
  const given = process.env.ATROUS_GRADIENTS;
  const folder = given ?? scratchFolder();
  let models: ReadonlyMap<string, string>;

  beforeAll(() => {
    if (given === undefined) {
      const written = spawnSync("python3", ["test/conformance/autograd.py", folder], { encoding: "utf8" });
      expect(written.status, written.stderr).toBe(0);
    }
    const cases: { name: string; model: string }[] = JSON.parse(readFileSync(join(folder, "cases.json"), "utf8"));
    models = new Map(cases.map(({ name, model }) => [name, model]));
  }, 300_000);

  // Goldens named for their gradients have them compared by `atrous parity`. That of Inception-v4 takes long.
  const isShort = process.env.ATROUS_GRADIENTS_ALL !== "1";
  const isChosen = (name: string) => !name.endsWith("-gradients") && !(isShort && name.includes("inception"));
  const goldens = readdirSync("weights/goldens").filter(isChosen);
  for (const name of [...goldens, "mobilenet-v3", "resnet18"]) {
    test(`${name}: of the image, every parameter and every running statistic`, { timeout: 300_000 }, async () => {
      const file = (part: string) => join(folder, `${name}-${part}.safetensors`);
      const given = ["--input", file("input"), "--grad-output", file("output-gradient")];
      const adapter = ["--adapter", process.env.ATROUS_TEST_ADAPTER ?? "auto"];
      const { code, stderr } = await atrous("run", models.get(name)!, ...given, "--output", file("got"), ...adapter);
      expect(code, stderr).toBe(0);
      const { tensors } = await readSafetensors(readFileSync(file("got")));
      const expected = (await readSafetensors(readFileSync(file("expected")))).tensors;
      const got = [...tensors.keys()].filter((key) => key.startsWith("grad:"));
      expect(got.toSorted()).toEqual([...expected.keys()].toSorted());
      const rows = [...expected].map(([key, { shape, data }]) => {
        expect(tensors.get(key)!.shape, key).toEqual(shape);
        expect(
          (data as Float32Array).some((value) => value !== 0),
          `${key} is not zero`,
        ).toBe(true);
        const apart = difference(shape, Float32Array.from(tensors.get(key)!.data, Number), data as Float32Array);
        return { key, off: apart.relativeL2 };
      });
      rows.sort((a, b) => b.off - a.off);
      console.log(`${name}: ${rows.length} gradients, worst ${rows[0]!.off.toExponential(1)} (${rows[0]!.key})`);
      expect(rows.filter(({ off }) => !(off <= limit))).toEqual([]);
    });
  }
});
