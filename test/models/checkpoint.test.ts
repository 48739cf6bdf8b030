// Checkpoints in the layouts of public ones, loaded without Python: outputs are those of the same weights as safetensors, bit for bit.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { FormatError, UsageError } from "../../src/errors.ts";
import { readSafetensors } from "../../src/formats/safetensors/index.ts";
import { loadModel } from "../../src/models/load.ts";
import { openModelFile, unusedTensors } from "../../src/models/model-file.ts";
import { writeModelFile } from "../../src/models/write-model-file.ts";
import { elementCount } from "../../src/tensor.ts";
import { checkpoint } from "../formats/pytorch/build.ts";
import { scratchFolder } from "../support/scratch.ts";
import { shareTestGpu } from "../support/share-gpu.ts";

const modules = "import torch, safetensors";
const python = spawnSync("python3", ["-c", modules], { encoding: "utf8" });
const isHere = python.status === 0;
if (!isHere) {
  const reason = python.error?.message ?? python.stderr.trim().split("\n").at(-1);
  console.warn(`checkpoints of networks did not run: ${modules} failed (${reason})`);
}

const gpu = shareTestGpu();
const folder = scratchFolder();
const path = (name: string) => join(folder, name);

describe.runIf(isHere)("checkpoints of networks", () => {
  beforeAll(() => {
    const written = spawnSync("python3", ["test/models/checkpoint.py", folder], { encoding: "utf8" });
    expect(written.status, written.stderr).toBe(0);
  }, 60_000);

  describe.each([
    ["unet", [1, 3, 16, 32], { classes: 1, width: 1 / 32 }],
    ["unet-plus-plus", [1, 3, 16, 32], { classes: 1, width: 1 / 16 }],
    ["msff-resnet18", [1, 3, 96, 96], { classes: 1, width: 1 / 8, pools: [2, 3] }],
  ])("%s", (network, shape, options) => {
    const image = { shape, data: Float32Array.from({ length: elementCount(shape) }, (_, n) => Math.sin(n)) };

    async function logits(origin: string | Uint8Array, chosen = {}): Promise<ArrayLike<number>> {
      const model = await loadModel(gpu(), origin, { shape, ...chosen });
      const { logits } = await model.run({ image });
      await model.dispose();
      return logits!.data;
    }

    test("the checkpoint gives what safetensors give", async () => {
      const expected = await logits(path(`${network}.safetensors`));
      expect(new Set(Array.from(expected)).size).toBeGreaterThan(10);
      expect(await logits(path(`${network}.pth`), { network, options })).toEqual(expected);
      expect(await logits(new Uint8Array(readFileSync(path(`${network}.pth`))), { network, options })).toEqual(
        expected,
      );
    });

    test("written as a model file it gives the same, and needs no network", async () => {
      const file = await openModelFile(path(`${network}.pth`), { network, options });
      expect(unusedTensors(file).every((name) => name.endsWith(".num_batches_tracked"))).toBe(true);
      const written = await writeModelFile(file);
      await file.weights.close();
      expect(await logits(written)).toEqual(await logits(path(`${network}.safetensors`)));
    });
  });
});

describe("a checkpoint", () => {
  const fixture = "test/formats/pytorch/fixtures/zip.pth";

  test("needs a network, which must be one that there is", async () => {
    await expect(openModelFile(fixture)).rejects.toThrow(
      `${fixture}: metadata has no "atrous.network", and no network is given, expected one of anu-net, `,
    );
    await expect(openModelFile(fixture, { network: "u-net" })).rejects.toThrow(UsageError);
    await expect(openModelFile(fixture, { network: "unet", options: { depth: 3 } })).rejects.toThrow(
      new FormatError('unet: options: unknown option "depth", expected classes, width, inChannels, up'),
    );
  });

  test("that is of another network is refused", async () => {
    await expect(loadModel(gpu(), fixture, { shape: [1, 3, 16, 16], network: "unet" })).rejects.toThrow(
      /^test\/formats\/pytorch\/fixtures\/zip\.pth: does not fit the network: \d+ missing \("Conv1\.conv\.0\.bias", /,
    );
  });
});

test("after a lost device a checkpoint is opened again, and gives the same bits", async () => {
  const golden = await readSafetensors(new Uint8Array(readFileSync("weights/goldens/plain-w8/model.safetensors")));
  const tensors = [...golden.tensors].map(
    ([name, { shape, data }]) => [`module.${name}`, { shape, data: data as Float32Array }] as const,
  );
  const file = new Blob([Uint8Array.from(checkpoint(Object.fromEntries(tensors)))]);
  const options = JSON.parse(golden.metadata["atrous.options"]!);
  const shape = [1, 3, 64, 64];
  const image = { shape, data: Float32Array.from({ length: elementCount(shape) }, (_, n) => Math.cos(n)) };
  const model = await loadModel(gpu(), file, { shape, network: "msff-resnet18", options });
  const before = (await model.run({ image })).logits!.data;
  expect(before.some((value) => value !== before[0])).toBe(true);
  gpu().device.destroy();
  await gpu().lost;
  expect((await model.run({ image })).logits!.data).toEqual(before);
  await model.dispose();
});

test("a file that names its network takes no other", async () => {
  const path = "weights/goldens/msff-w8/model.safetensors";
  await expect(openModelFile(path, { network: "unet" })).rejects.toThrow(
    new UsageError(`${path}: names its network itself, "msff-resnet18", expected no network and no options`),
  );
});
