// safetensors, and what is kept in them: models, references of a parity check, checkpoints of a training.
import { readFileSync } from "node:fs";
import { readSafetensors, writeSafetensors } from "../../src/formats/safetensors/index.ts";
import { buildModelGraph, openModelFile } from "../../src/models/model-file.ts";
import { ReferenceFile } from "../../src/parity/reference-file.ts";
import { choose, concatenated, damageBytes, damageJson, type Random } from "./damage.ts";
import type { HostileFormat } from "./format.ts";

/** A file with another header, its length mended, over the same tensors. */
export function changeHeader(file: Uint8Array, change: (text: string) => Uint8Array): Uint8Array {
  const end = 8 + new DataView(file.buffer, file.byteOffset).getUint32(0, true);
  const header = change(new TextDecoder().decode(file.subarray(8, end)));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setUint32(0, header.length, true);
  return concatenated(length, header, file.subarray(end));
}

/** One text of the metadata changes as JSON does. */
export function changeMetadata(file: Uint8Array, random: Random, seal = (texts: Record<string, string>) => texts) {
  return changeHeader(file, (text) => {
    const { __metadata__: metadata, ...tensors } = JSON.parse(text);
    const key = choose(random, Object.keys(metadata));
    const value = new TextDecoder().decode(damageJson(metadata[key], random));
    return new TextEncoder().encode(JSON.stringify({ __metadata__: seal({ ...metadata, [key]: value }), ...tensors }));
  });
}

export const tensorChanges: HostileFormat["changes"] = [
  (file, random) => changeHeader(file, (text) => damageJson(text, random)),
  (file, random) => changeHeader(file, (text) => damageBytes(new TextEncoder().encode(text), random)),
];

const plain = writeSafetensors(
  {
    a: { shape: [1, 2], data: Float32Array.of(1, 2) },
    b: { shape: [4], data: Float32Array.of(1, 2, 3, 4), dtype: "F16" },
    c: { shape: [], data: BigInt64Array.of(1n) },
    d: { shape: [3, 0], data: new Float32Array(0) },
    e: { shape: [3], data: Uint8Array.of(1, 0, 1) },
  },
  { network: "msff", note: "{}" },
);

export const safetensors: HostileFormat = {
  name: "safetensors",
  good: [plain],
  changes: [...tensorChanges, (file, random) => changeMetadata(file, random)],
  read: (file) => readSafetensors(file),
};

export const modelFile: HostileFormat = {
  name: "model file",
  good: ["plain-w8", "msff-w8"].map((name) => readFileSync(`weights/goldens/${name}/model.safetensors`)),
  changes: [
    ...tensorChanges,
    (file, random) => changeMetadata(file, random),
    (file, random) => changeMetadata(changeMetadata(file, random), random),
  ],
  async read(file) {
    const model = await openModelFile(file);
    buildModelGraph(model, [1, 3, 96, 96], ["logits", "classes"]);
  },
};

const reference = writeSafetensors(
  {
    "input:image": { shape: [1, 1, 2, 2], data: Float32Array.of(1, 2, 3, 4) },
    "layer:conv1": { shape: [1, 1, 2, 2], data: Float32Array.of(4, 3, 2, 1) },
    "output:logits": { shape: [1, 1, 2, 2], data: Float32Array.of(0, 3, 0, 1) },
    "output-gradient:logits": { shape: [1, 1, 2, 2], data: Float32Array.of(0, 3, 0, 1) },
    "gradient:image": { shape: [1, 1, 2, 2], data: Float32Array.of(0, 3, 0, 1) },
  },
  { "atrous.order": '["conv1"]' },
);

export const parityReference: HostileFormat = {
  name: "parity reference",
  good: [reference],
  changes: [...tensorChanges, (file, random) => changeMetadata(file, random)],
  async read(file) {
    const open = await ReferenceFile.open(file);
    for (const layer of open.layers) await open.layer(layer);
    for (const name of open.gradients?.names ?? []) await open.gradients?.gradient(name);
    await open.input("image");
    await open.output("logits");
  },
};
