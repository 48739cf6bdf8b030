// Checkpoints: bits, kills, and configurations that are another one.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { FormatError, UsageError } from "../../../src/errors.ts";
import { writeSafetensors } from "../../../src/formats/safetensors/index.ts";
import { type Checkpoint, isParameter, loadCheckpoint, saveCheckpoint } from "../../../src/train/node/checkpoint.ts";
import { scratchFolder } from "../../support/scratch.ts";
import { buildConfig } from "../config/config.ts";

const folder = scratchFolder();

const floatBits = Uint32Array.of(
  0x7fc00001, // quiet NaN with a payload
  0xff800001, // signalling NaN
  0x80000000, // -0
  0x7f800000, // infinity
  0x00000001, // the least subnormal
  0x3f800000,
);

const words = Uint32Array.of(0, 1, 0x7fffffff, 0x80000000, 0xffffffff);

const checkpoint: Checkpoint = {
  step: 321,
  epoch: 3,
  batchInEpoch: 21,
  schedule: { rate: 1e-4, best: 0.25, bad: 2, cooldown: 1 },
  best: { metric: "dsc", value: 0.1 + 0.2, step: 300, epoch: 2 },
  validationsSinceBest: 2,
  tensors: new Map([
    ["conv1.weight", { shape: [2, 3], data: new Float32Array(floatBits.buffer) }],
    ["momentum:conv1.weight", { shape: [6], data: new Float32Array(6).fill(0.1) }],
    ["random:augment", { shape: [5], data: words }],
    ["count", { shape: [], data: Uint32Array.of(7) }],
  ]),
};

const bitsOf = (data: Float32Array | Uint32Array) => [...new Uint32Array(data.buffer, data.byteOffset, data.length)];

test("everything comes back bit by bit", async () => {
  const path = join(folder, "bits.safetensors");
  await saveCheckpoint(path, checkpoint, buildConfig());
  const { tensors, ...state } = await loadCheckpoint(path, buildConfig());
  const { tensors: expected, ...expectedState } = checkpoint;
  expect(state).toStrictEqual(expectedState);
  expect([...tensors.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, { shape, data }] of expected) {
    const found = tensors.get(name)!;
    expect(found.shape).toEqual(shape);
    expect(found.data.constructor).toBe(data.constructor);
    expect(bitsOf(found.data), name).toEqual(bitsOf(data));
  }
});

test("the same checkpoint is the same file", async () => {
  const [a, b] = [join(folder, "a.safetensors"), join(folder, "b.safetensors")];
  await saveCheckpoint(a, checkpoint, buildConfig());
  await saveCheckpoint(b, { ...checkpoint, tensors: new Map([...checkpoint.tensors].reverse()) }, buildConfig());
  expect(readFileSync(b).equals(readFileSync(a))).toBe(true);
});

test("names tell parameters from state", () => {
  expect([...checkpoint.tensors.keys()].filter(isParameter)).toEqual(["conv1.weight", "count"]);
});

test("another configuration is refused by its keys", async () => {
  const path = join(folder, "config.safetensors");
  await saveCheckpoint(path, checkpoint, buildConfig());
  const load = (given: Parameters<typeof buildConfig>[0]) => loadCheckpoint(path, buildConfig(given));
  await expect(load({ optimizer: { rate: 0.01 } })).rejects.toThrow(
    new UsageError(`${path}: is of another configuration: optimizer.rate is 0.01, was 0.001`),
  );
  await expect(load({ losses: [{ kind: "size-adaptive", alpha: 2 }], batch: 8, weights: "a" })).rejects.toThrow(
    'losses[0].alpha is 2, was 1; batch is 8, was 4; weights is "a", was not given',
  );
  // The default milestone moved with the number of epochs.
  await expect(load({ epochs: 200 })).rejects.toThrow("schedule.milestones[0] is 160, was 80");
});

test("keys that do not change the steps may change", async () => {
  const path = join(folder, "longer.safetensors");
  const schedule = { milestones: [80] };
  await saveCheckpoint(path, checkpoint, buildConfig({ schedule }));
  const config = buildConfig({
    schedule,
    epochs: 200,
    output: "elsewhere",
    workers: 8,
    recompute: "auto",
    earlyStopping: { patience: 5 },
  });
  expect((await loadCheckpoint(path, config)).step).toBe(321);
});

async function damaged(metadata: Record<string, string>, data: Float32Array | Uint8Array | BigInt64Array) {
  const path = join(folder, "damaged.safetensors");
  writeFileSync(path, writeSafetensors({ w: { shape: [data.length], data } }, metadata));
  return { path, loading: loadCheckpoint(path, buildConfig()) };
}

test("what is no checkpoint is refused with the field", async () => {
  const { schedule, best, step, epoch, batchInEpoch, validationsSinceBest } = checkpoint;
  const state = { version: 1, schedule, best, step, epoch, batchInEpoch, validationsSinceBest };
  const good = {
    "atrous.checkpoint": JSON.stringify(state),
    "atrous.config": JSON.stringify(buildConfig()),
  };
  const plain = new Float32Array(1);
  await expect((await damaged(good, plain)).loading).resolves.toMatchObject({ step: 321 });
  const refuse = async (metadata: Record<string, string>, data: Parameters<typeof damaged>[1], message: string) => {
    const { path, loading } = await damaged(metadata, data);
    await expect(loading).rejects.toThrow(FormatError);
    await expect(loading).rejects.toThrow(`${path}: ${message}`);
  };
  await refuse({}, plain, 'is no checkpoint, its metadata has no "atrous.checkpoint"');
  await refuse({ ...good, "atrous.checkpoint": "{" }, plain, 'metadata "atrous.checkpoint" is no JSON');
  const negative = JSON.stringify({ ...state, step: -1 });
  await refuse({ ...good, "atrous.checkpoint": negative }, plain, 'metadata "atrous.checkpoint": step: ');
  const newer = JSON.stringify({ ...state, version: 2 });
  await refuse({ ...good, "atrous.checkpoint": newer }, plain, 'metadata "atrous.checkpoint": version: ');
  await refuse(
    { "atrous.checkpoint": good["atrous.checkpoint"] },
    plain,
    'is no checkpoint, its metadata has no "atrous.config"',
  );
  await refuse(good, new Uint8Array(1), 'tensor "w" is U8, expected F32 or I64');
  await refuse(good, BigInt64Array.of(-1n), 'tensor "w": element 0 is -1, expected 32 bits');
});

test("a process that is killed while it writes leaves a whole checkpoint", async () => {
  const script = join(folder, "write.mjs");
  await build({
    entryPoints: ["test/train/node/checkpoint-write.ts"],
    bundle: true,
    platform: "node",
    format: "esm",
    outfile: script,
    logLevel: "error",
  });
  const size = 1 << 20;
  for (const delayMs of [3, 7, 12, 20]) {
    const path = join(scratchFolder(), "last.safetensors");
    const child = spawn(process.execPath, [script, path, `${size}`], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
    const { step, tensors } = await loadCheckpoint(path, buildConfig());
    const { data } = tensors.get("weight")!;
    expect(data).toHaveLength(size);
    expect(data.every((value) => value === step)).toBe(true);
  }
});

test("a half-written file beside it is not taken for it", async () => {
  const own = scratchFolder();
  const path = join(own, "last.safetensors");
  await saveCheckpoint(path, checkpoint, buildConfig());
  const whole = readFileSync(path);
  writeFileSync(join(own, ".atrous-0123456789abcdef.tmp"), whole.subarray(0, whole.length / 2));
  expect((await loadCheckpoint(path, buildConfig())).step).toBe(321);
  // And should a torn file get the name all the same, it is refused.
  for (const length of [0, 7, 100, whole.length - 1]) {
    writeFileSync(path, whole.subarray(0, length));
    await expect(loadCheckpoint(path, buildConfig())).rejects.toThrow(FormatError);
  }
});

test("a folder that is not there leaves nothing behind", async () => {
  const path = join(folder, "none", "last.safetensors");
  await expect(saveCheckpoint(path, checkpoint, buildConfig())).rejects.toThrow(UsageError);
  expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});
