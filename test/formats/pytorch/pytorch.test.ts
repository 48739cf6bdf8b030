// Checkpoints of PyTorch: committed ones, whose numbers are written down here, and others that torch.save writes in the test's set-up.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { FormatError } from "../../../src/errors.ts";
import { openPytorch } from "../../../src/formats/pytorch/index.ts";
import { openSafetensors } from "../../../src/formats/safetensors/index.ts";
import { bytesSource } from "../../../src/formats/source/source.ts";
import type { TensorFile } from "../../../src/formats/tensor-file.ts";
import { scratchFolder } from "../../support/scratch.ts";
import { checkpoint } from "./build.ts";

const fixtures = "test/formats/pytorch/fixtures";

describe.each(["zip", "old"])("the committed file of the %s form", (form) => {
  const open = () => openPytorch(join(fixtures, `${form}.pth`));

  test("has names, types and shapes in the order of its dictionary", async () => {
    const file = await open();
    const entries = [...file.entries.values()].map(({ name, dtype, shape, byteLength }) => [
      ...[name, dtype, shape.join("x"), byteLength],
    ]);
    expect(entries).toEqual([
      ["f32", "F32", "4x6", 96],
      ["transposed", "F32", "6x4", 96],
      ["last_row", "F32", "6", 24],
      ["f16", "F16", "4x6", 48],
      ["bf16", "BF16", "4x6", 48],
      ["i64", "I64", "6", 48],
      ["scalar", "F32", "", 4],
    ]);
    expect([file.metadata, file.halfNames]).toEqual([{}, ["f16"]]);
    await file.close();
  });

  test("has the numbers that PyTorch printed", async () => {
    const file = await open();
    const all = await file.readF32("f32");
    // torch.randn(4, 6) of seed 0, its first row.
    const firstRow = Float32Array.of(-1.125839829, -1.152360201, -0.250578582, -0.433878809, 0.848710358, 0.692009151);
    expect(all.slice(0, 6)).toEqual(firstRow);
    const transposed = Float32Array.from(all, (_, n) => all[(n % 4) * 6 + Math.floor(n / 4)]!);
    expect(await file.readF32("transposed")).toEqual(transposed);
    expect(await file.readF32("last_row")).toEqual(all.slice(18));
    expect(await file.readF32("i64")).toEqual(Float32Array.of(-3, -2, -1, 0, 1, 2));
    expect(await file.readF32("scalar")).toEqual(Float32Array.of(2.5));
    expect((await file.readF16("f16"))[0]).toBe(0xbc81);
    expect((await file.readF32("bf16"))[0]).toBe(-1.125);
    await expect(file.readF32("g")).rejects.toThrow(`${join(fixtures, `${form}.pth`)}: no tensor "g"`);
    await file.close();
  });

  test("is read where tensors lie, not as a whole", async () => {
    const bytes = new Uint8Array(readFileSync(join(fixtures, `${form}.pth`)));
    const source = bytesSource(bytes, "w.pth");
    const reads: number[] = [];
    const counted = {
      ...{ name: source.name, size: source.size, close: () => source.close() },
      read(offset: number, length: number) {
        reads.push(length);
        return source.read(offset, length);
      },
    };
    const file = await openPytorch(counted);
    reads.length = 0;
    await file.readF32("last_row");
    expect(reads.at(-1)).toBe(24);
    expect(reads.reduce((sum, length) => sum + length, 0)).toBeLessThanOrEqual(24 + 30);
    await file.close();
  });
});

test("a pickle that calls os.system is refused by that name, and nothing is executed", async () => {
  const opening = openPytorch(join(fixtures, "evil.pth"));
  await expect(opening).rejects.toThrow(
    new FormatError(
      `${fixtures}/evil.pth: the pickle calls for "posix.system", which no checkpoint needs: it may be an attack; nothing of it was executed`,
    ),
  );
  expect(existsSync("executed")).toBe(false);
});

const modules = "import torch, safetensors";
const python = spawnSync("python3", ["-c", modules], { encoding: "utf8" });
const isHere = python.status === 0;
if (!isHere) {
  const reason = python.error?.message ?? python.stderr.trim().split("\n").at(-1);
  console.warn(`checkpoints that torch.save writes did not run: ${modules} failed (${reason})`);
}

describe.runIf(isHere)("checkpoints that torch.save writes here", () => {
  const folder = scratchFolder();
  beforeAll(() => {
    const written = spawnSync("python3", ["test/formats/pytorch/save.py", folder], { encoding: "utf8" });
    expect(written.status, written.stderr).toBe(0);
  }, 60_000);

  const versions = [2, 3, 4, 5].flatMap((protocol) => [`zip${protocol}`, `old${protocol}`]);
  test.each([...versions, "training", "training-old"])("%s.pth has the tensors of its twin", async (name) => {
    const twin = await openSafetensors(join(folder, "twin.safetensors"));
    await expectSame(await openPytorch(join(folder, `${name}.pth`)), twin);
  });

  test("those that the tests make by hand are PyTorch's too", () => {
    const made = join(folder, "made.pth");
    const data = Float32Array.of(1, 2, 3, 4, 5, 6);
    writeFileSync(made, checkpoint({ a: { shape: [2, 3], data }, b: { shape: [1], data: data.slice(5) } }));
    const code =
      "import sys, torch; print({k: v.tolist() for k, v in torch.load(sys.argv[1], weights_only=True).items()})";
    const { stdout, stderr } = spawnSync("python3", ["-c", code, made], { encoding: "utf8" });
    expect(stdout, stderr).toBe("{'a': [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], 'b': [6.0]}\n");
  });

  test("a whole module has the tensors of its state_dict", async () => {
    const twin = await openSafetensors(join(folder, "module.safetensors"));
    await expectSame(await openPytorch(join(folder, "module.pth")), twin);
  });
});

async function expectSame(file: TensorFile, twin: TensorFile): Promise<void> {
  expect([...file.entries.keys()].sort()).toEqual([...twin.entries.keys()].sort());
  for (const { name, dtype, shape } of twin.entries.values()) {
    expect(file.entries.get(name), name).toMatchObject({ dtype, shape });
    expect(await file.readRaw(name), name).toEqual(await twin.readRaw(name));
  }
  await Promise.all([file.close(), twin.close()]);
}
