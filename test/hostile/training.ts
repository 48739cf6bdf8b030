// What a training reads: its configuration, its data, its log, its checkpoints; and tuning files.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readSafetensors } from "../../src/formats/safetensors/index.ts";
import { parseTuning } from "../../src/graph/tune/tuning.ts";
import { parseTrainConfig, type TrainConfigInput } from "../../src/train/config/config.ts";
import type { DataOptions } from "../../src/train/data/options.ts";
import type { TrainRecord } from "../../src/train/loop/record.ts";
import { loadCheckpoint, requireFinite, saveCheckpoint } from "../../src/train/node/checkpoint.ts";
import { checksumKey, checksums } from "../../src/train/node/checksums.ts";
import { readLog, resumeLog } from "../../src/train/node/log.ts";
import { openTrainData } from "../../src/train/node/open-data.ts";
import { readTrainConfig } from "../../src/train/node/read-config.ts";
import { DataFolder, niftiSource, pngSource } from "../train/data/data-folder.ts";
import { damageJson, type Random } from "./damage.ts";
import type { HostileFormat } from "./format.ts";
import { changeMetadata, tensorChanges } from "./tensors.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const changeText = (file: Uint8Array, random: Random) => damageJson(new TextDecoder().decode(file), random);

const folder = new DataFolder();
for (const name of ["a_1", "b_1", "c_1"]) folder.pair(name, [12, 10]);
await folder.volume("d", [6, 5, 4]);
await folder.volume("e", [6, 5, 4]);
const manifest = [
  { image: "a_1_img.png", labels: "a_1_lab.png", subject: "a" },
  { image: "d.nii.gz", labels: "d-labels.nii.gz", subject: "d" },
];
folder.write("list.json", JSON.stringify(manifest));
folder.write("list.csv", "image,labels,subject\na_1_img.png,a_1_lab.png,a\nb_1_img.png,b_1_lab.png,b\n");
folder.write("split.json", JSON.stringify({ train: ["a*", "d"], val: ["b"], test: [] }));

const listed = (name: string): DataOptions => ({
  sources: [{ manifest: name, classes: { "0": 0, "1-255": 1 } }],
  size: [9, 8],
  split: name === "list.csv" ? { file: "split.json" } : { validation: 0 },
});
const found: DataOptions = { sources: [pngSource, niftiSource], size: [16, 16] };
const [ofJson, ofCsv] = [listed("list.json"), listed("list.csv")];
const configs: readonly TrainConfigInput[] = [
  { data: found },
  { data: ofJson },
  { data: ofCsv },
  {
    network: { name: "unet", classes: 2, width: 8 },
    data: {
      sources: [pngSource],
      size: [32, 32],
      split: { validation: ["b"] },
      augment: { flip: { horizontal: 0.5 } },
    },
    losses: [{ kind: "cross-entropy", classWeights: [1, 2] }],
    optimizer: { kind: "adam", rate: 1e-3, betas: [0.9, 0.99] },
    schedule: { kind: "cosine", warmupSteps: 1 },
    epochs: 3,
    batch: 2,
    seed: 4,
  },
];
const configPath = join(folder.path, "CONFIG.json");

/** Opens what a configuration names, and prepares some of it. */
async function readData(config: string | Uint8Array): Promise<void> {
  writeFileSync(configPath, config);
  const { train, validation } = await openTrainData(await readTrainConfig(configPath), folder.path);
  for (const dataset of [train, validation]) {
    for (let n = 0; n < Math.min(3, dataset.size); n++) await dataset.sample(n, { seed: 1, epoch: n });
  }
}

export const trainConfig: HostileFormat = {
  name: "training configuration",
  good: configs.map((config) => encode(JSON.stringify(config, null, 1))),
  changes: [changeText, (file, random) => changeText(changeText(file, random), random)],
  read: readData,
};

/** Which file of the folder is damaged, and a configuration that reads it. */
const damaged: readonly (readonly [name: string, data: DataOptions])[] = [
  ["a_1_img.png", found],
  ["b_1_lab.png", found],
  ["d.nii.gz", found],
  ["e-labels.nii.gz", found],
  ["list.json", ofJson],
  ["list.csv", ofCsv],
  ["split.json", ofCsv],
];
const originals = damaged.map(([name]) => folder.read(name));

export const dataFolder: HostileFormat = {
  name: "data folder",
  good: originals,
  changes: [(file, random) => (file[0] === 0x7b || file[0] === 0x5b ? changeText(file, random) : file)],
  async read(file, which) {
    const [name, data] = damaged[which]!;
    folder.write(name, file);
    try {
      await readData(JSON.stringify({ data }));
    } finally {
      folder.write(name, originals[which]!);
    }
  },
};

const place = { step: 3, epoch: 1 };
const machine = { adapter: "a", driver: "b", adapterKind: "software" } as const;
const records: readonly TrainRecord[] = [
  { kind: "start", step: 0, epoch: 0, ...machine, date: "2026-01-01", version: "0.1.0", steps: 9, stepsPerEpoch: 3 },
  { kind: "step", ...place, loss: 0.5, rate: 0.1, gradNorm: null, samplesPerSecond: 3, waitedMs: 0 },
  {
    kind: "validation",
    ...place,
    loss: null,
    mean: 0.5,
    classes: [{ name: "bone", dsc: 0.5, iou: null, precision: 1, recall: 0.1 }],
    best: true,
  },
  { kind: "stop", ...place, date: "2026-01-01", reason: "finished" },
];
const logPath = join(folder.path, "log.jsonl");

export const trainLog: HostileFormat = {
  name: "training log",
  good: [encode(records.map((record) => `${JSON.stringify(record)}\n`).join(""))],
  changes: [changeText],
  async read(file) {
    writeFileSync(logPath, file);
    await readLog(logPath);
    (await resumeLog(logPath, 3)).close();
  },
};

const checkpointPath = join(folder.path, "last.safetensors");
const config = parseTrainConfig(configs[3], "CONFIG.json");
await saveCheckpoint(
  checkpointPath,
  {
    ...{ step: 321, epoch: 3, batchInEpoch: 21, validationsSinceBest: 2, dataDigest: "0123" },
    schedule: { rate: 1e-4, best: 0.25, bad: 2, cooldown: 1 },
    best: { metric: "dsc", value: 0.3, step: 300, epoch: 2 },
    tensors: new Map([
      ["conv1.weight", { shape: [2, 3], data: new Float32Array(6).fill(0.5) }],
      ["momentum:conv1.weight", { shape: [6], data: new Float32Array(6).fill(0.1) }],
      ["random:augment", { shape: [5], data: Uint32Array.of(0, 1, 0x7fffffff, 0x80000000, 0xffffffff) }],
    ]),
  },
  config,
);
const goodCheckpoint = folder.read("last.safetensors");
const { tensors: storedTensors } = await readSafetensors(goodCheckpoint);

/** With checksums of what the texts now say, as only who wants to do harm writes it. */
function sealed({ [checksumKey]: _, ...texts }: Record<string, string>): Record<string, string> {
  return { ...texts, [checksumKey]: checksums(storedTensors, texts) };
}

export const checkpoint: HostileFormat = {
  name: "checkpoint",
  good: [goodCheckpoint],
  changes: [
    ...tensorChanges,
    (file, random) => changeMetadata(file, random),
    (file, random) => changeMetadata(file, random, sealed),
    (file, random) => changeMetadata(file, random, sealed),
  ],
  async read(file) {
    writeFileSync(checkpointPath, file);
    requireFinite(checkpointPath, await loadCheckpoint(checkpointPath, config));
  },
};

const entry = { choice: "direct", sourceHash: "0123456789abcdef", microseconds: 3.5 };

export const tuning: HostileFormat = {
  name: "tuning",
  good: [encode(JSON.stringify({ schema: 1, adapter: "a", entries: { "conv2d f32[1,2]": entry, relu: entry } }))],
  changes: [changeText],
  read: async (file) => parseTuning(new TextDecoder().decode(file), "tuning.json"),
};
