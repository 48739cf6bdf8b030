// Checkpoints: bits, kills, and configurations that are another one.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { AtrousError, FormatError, UsageError } from "../../../src/errors.ts";
import { writeSafetensors } from "../../../src/formats/safetensors/index.ts";
import { parseTrainConfig } from "../../../src/train/config/config.ts";
import {
  type Checkpoint,
  isParameter,
  loadCheckpoint,
  requireFinite,
  saveCheckpoint,
} from "../../../src/train/node/checkpoint.ts";
import { checksums } from "../../../src/train/node/checksums.ts";
import { createRandom } from "../../support/random.ts";
import { scratchFolder } from "../../support/scratch.ts";
import { buildConfig, data } from "../config/config.ts";

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
  dataDigest: "0123",
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
  // Written, it does not follow the epochs.
  await expect(load({ epochs: 200, schedule: { milestones: [90] } })).rejects.toThrow(
    new UsageError(`${path}: is of another configuration: schedule.milestones[0] is 90, was 80`),
  );
  // Not a word of the keys that only the one or the other kind has.
  await expect(load({ optimizer: { kind: "adam" }, network: { name: "unet", classes: 8 } })).rejects.toThrow(
    new UsageError(
      `${path}: is of another configuration: network.name is "unet", was "msff-resnet18"; optimizer.kind is "adam", was "sgd"`,
    ),
  );
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

test("more epochs are gone on with, and the schedule follows where nothing else is written", async () => {
  const path = join(folder, "more.safetensors");
  for (const schedule of [undefined, { kind: "cosine" }, { milestones: [30, 60] }] as const) {
    const given = schedule && { schedule: { ...schedule, ...("milestones" in schedule && { milestones: [30, 60] }) } };
    await saveCheckpoint(path, checkpoint, buildConfig(given as Parameters<typeof buildConfig>[0]));
    const longer = buildConfig({ ...(given as Parameters<typeof buildConfig>[0]), epochs: 200 });
    expect((await loadCheckpoint(path, longer)).step).toBe(321);
  }
});

test("data that lies elsewhere is told by its content, not by its path", async () => {
  const path = join(folder, "moved.safetensors");
  const [source] = data.sources;
  const at = (sourceGiven: object, split: object) =>
    parseTrainConfig({ data: { ...data, sources: [{ ...source, ...sourceGiven }], split } }, "CONFIG.json");
  await saveCheckpoint(path, checkpoint, at({ folder: "a" }, { file: "a.json" }));
  expect((await loadCheckpoint(path, at({ folder: "/b" }, { file: "/b.json" }))).step).toBe(321);
  await expect(
    loadCheckpoint(path, at({ folder: "/b", classes: { "0": 0, "1-5": 1 } }, { file: "b" })),
  ).rejects.toThrow("is of another configuration: data.sources[0].classes.6 is not given, was 2");
});

async function damaged(metadata: Record<string, string>, data: Float32Array | Uint8Array | BigInt64Array) {
  const path = join(folder, "damaged.safetensors");
  const tensors = new Map([["w", { shape: [data.length], data }]]);
  const all = { ...metadata, "atrous.checksums": checksums(tensors, metadata) };
  writeFileSync(path, writeSafetensors(tensors, all));
  return { path, loading: loadCheckpoint(path, buildConfig()) };
}

test("what is no checkpoint is refused with the field", async () => {
  const { tensors: _, ...own } = checkpoint;
  const state = { version: 2, ...own };
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
  for (const version of [1, 3]) {
    const other = JSON.stringify({ ...state, version });
    const message = 'metadata "atrous.checkpoint": version: expected version 2: another release of atrous wrote it';
    await refuse({ ...good, "atrous.checkpoint": other }, plain, message);
  }
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

/** What disks, cables and copies do to a file, each at a random place. */
const damages: Readonly<Record<string, (bytes: Buffer, random: () => number) => Buffer>> = {
  "a bit flipped": (bytes, random) => {
    const at = Math.floor(random() * bytes.length);
    bytes[at]! ^= 1 << Math.floor(8 * random());
    return bytes;
  },
  "a bit of the data flipped": (bytes, random) => {
    const start = 8 + Number(bytes.readBigUInt64LE(0));
    bytes[start + Math.floor(random() * (bytes.length - start))]! ^= 1 << Math.floor(8 * random());
    return bytes;
  },
  "a number made NaN": (bytes, random) => {
    const start = 8 + Number(bytes.readBigUInt64LE(0));
    bytes.writeUInt32LE(0x7fc00000, start + 4 * Math.floor((random() * (bytes.length - start)) / 4));
    return bytes;
  },
  "a block of zeros": (bytes, random) => {
    const at = Math.floor(random() * bytes.length);
    return bytes.fill(0, at, at + 16);
  },
  "cut short": (bytes, random) => bytes.subarray(0, Math.floor(random() * bytes.length)),
  "two blocks exchanged": (bytes, random) => {
    const [a, b] = [random(), random()].map((share) => 16 * Math.floor((share * (bytes.length - 16)) / 16)) as [
      number,
      number,
    ];
    const [one, other] = [a, b].map((at) => Buffer.from(bytes.subarray(at, at + 16))) as [Buffer, Buffer];
    bytes.set(other, a);
    bytes.set(one, b);
    return bytes;
  },
  "a digit of the header changed": (bytes, random) => {
    const end = 8 + Number(bytes.readBigUInt64LE(0));
    const digits = [...bytes.subarray(8, end).keys()]
      .map((at) => at + 8)
      .filter((at) => bytes[at]! >= 0x30 && bytes[at]! <= 0x39);
    bytes[digits[Math.floor(random() * digits.length)]!] = 0x30 + Math.floor(10 * random());
    return bytes;
  },
  "a byte put in": (bytes, random) => {
    const at = Math.floor(random() * bytes.length);
    return Buffer.concat([bytes.subarray(0, at), Buffer.of(Math.floor(256 * random())), bytes.subarray(at)]);
  },
};

test("damaged in 200 ways it is refused by name, or is what was written", async () => {
  const path = join(folder, "hurt.safetensors");
  await saveCheckpoint(path, checkpoint, buildConfig());
  const whole = readFileSync(path);
  const written = await loadCheckpoint(path, buildConfig());
  const bits = ({ tensors, ...state }: Checkpoint) =>
    JSON.stringify([state, [...tensors].map(([name, { shape, data }]) => [name, shape, bitsOf(data)])]);
  const random = createRandom(11);
  const outcomes = { refused: 0, named: 0, same: 0 };
  for (let way = 0; way < 200; way++) {
    const [what, damage] = Object.entries(damages)[way % Object.keys(damages).length]!;
    writeFileSync(path, damage(Buffer.from(whole), random));
    const result = await loadCheckpoint(path, buildConfig()).catch((error: unknown) => error);
    if (result instanceof AtrousError) {
      expect(result, `way ${way}, ${what}`).toBeInstanceOf(FormatError);
      expect(result.message.startsWith(`${path}: `), result.message).toBe(true);
      outcomes.refused++;
      if (/tensor "/.test(result.message)) outcomes.named++;
    } else {
      expect(bits(result as Checkpoint), `way ${way}, ${what}`).toBe(bits(written));
      outcomes.same++;
    }
  }
  console.log(`200 damaged checkpoints: ${JSON.stringify(outcomes)}`);
  expect(outcomes.refused).toBeGreaterThan(150);
  expect(outcomes.named).toBeGreaterThan(50);
});

test("the tensor whose bits flipped is named", async () => {
  const path = join(folder, "flipped.safetensors");
  await saveCheckpoint(path, checkpoint, buildConfig());
  const bytes = readFileSync(path);
  const { data_offsets } = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString())[
    "conv1.weight"
  ];
  bytes[8 + Number(bytes.readBigUInt64LE(0)) + data_offsets[0] + 5]! ^= 4;
  writeFileSync(path, bytes);
  await expect(loadCheckpoint(path, buildConfig())).rejects.toThrow(
    new FormatError(`${path}: tensor "conv1.weight" is damaged: its checksum is not the one that was written`),
  );
});

test("a tensor that is not finite is named where a training would go on from it", () => {
  expect(() => requireFinite("last", checkpoint)).toThrow(
    new FormatError('last: tensor "conv1.weight": element 0 is NaN, expected finite numbers to go on from'),
  );
  const { tensors } = checkpoint;
  const finite = new Map([...tensors].filter(([name]) => name !== "conv1.weight"));
  requireFinite("last", { ...checkpoint, tensors: finite });
});
