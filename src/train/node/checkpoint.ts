// Checkpoints: all that a training needs to go on bit-identically, in one safetensors file that is either the old one or the new
// one, never half of it. Tensors carry the names that the trainer gives them: parameters their own, everything else a prefix that
// ends in a colon, as `velocity:conv1.weight`. What is random is a function of seed, step and place, and keeps nothing. The rest is
// JSON in the metadata, `atrous.checkpoint`. Checksums stand beside it, see checksums.ts.
import * as z from "zod";
import { FormatError } from "../../errors.ts";
import { quote } from "../../formats/quote.ts";
import {
  type LoadedTensor,
  readSafetensors,
  type TensorToWrite,
  writeSafetensors,
} from "../../formats/safetensors/index.ts";
import { fileSource } from "../../formats/source/file.ts";
import { writeFileAtomic } from "../../formats/write-file.ts";
import type { Shape } from "../../tensor.ts";
import type { TrainConfig } from "../config/config.ts";
import { checksumKey, checksums, verifyChecksums } from "./checksums.ts";
import { requireSameConfig } from "./same-config.ts";

/** Kept bit by bit, NaN payloads and signs of zero too. */
export interface CheckpointTensor {
  readonly shape: Shape;
  readonly data: Float32Array | Uint32Array;
}

const count = z.int().min(0);

const plateauState = z.strictObject({ rate: z.number(), best: z.number().nullable(), bad: count, cooldown: count });

const bestSchema = z.strictObject({ metric: z.enum(["dsc", "loss"]), value: z.number(), step: count, epoch: count });

const stateSchema = z.strictObject({
  version: z.literal(2, { error: "expected version 2: another release of atrous wrote it" }),
  /** Steps done. */
  step: count,
  /** The epoch under way, and how many of its batches are done. */
  epoch: count,
  batchInEpoch: count,
  schedule: plateauState.nullable(),
  /** The best validation so far. */
  best: bestSchema.nullable(),
  /** Validations since the best one, for early stopping. */
  validationsSinceBest: count,
  /** Of the images and labels, as `digestOfData` gives it. */
  dataDigest: z.string(),
});

export type BestValidation = z.output<typeof bestSchema>;

export interface Checkpoint extends Omit<z.output<typeof stateSchema>, "version"> {
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
}

const stateKey = "atrous.checkpoint";
const configKey = "atrous.config";

/** Whether a tensor of a checkpoint is a parameter of the network, not a part of the optimizer. */
export function isParameter(name: string): boolean {
  return !name.includes(":");
}

/** Writes a checkpoint atomically; `model` is metadata of its own. Throws UsageError where the file cannot be written. */
export async function saveCheckpoint(
  path: string,
  checkpoint: Checkpoint,
  config: TrainConfig,
  model: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { tensors, ...state } = checkpoint;
  const stored = new Map([...tensors].map(([name, tensor]) => [name, toStored(tensor)]));
  const own = { [stateKey]: JSON.stringify({ version: 2, ...state }), [configKey]: JSON.stringify(config) };
  const texts = { ...model, ...own };
  const metadata = { ...texts, [checksumKey]: checksums(stored, texts) };
  await writeFileAtomic(path, writeSafetensors(stored, metadata), { force: true });
}

/** Integers of 32 bits are I64 in the file, the only integers of the format that is read and written here. */
function toStored({ shape, data }: CheckpointTensor): TensorToWrite {
  return { shape, data: data instanceof Uint32Array ? BigInt64Array.from(data, BigInt) : data };
}

/**
 * Reads a checkpoint of this very training.
 * Throws FormatError for a file that is none or damaged, which names the tensor, and UsageError that names the keys in which its
 * configuration differs from `config`.
 */
export async function loadCheckpoint(path: string, config: TrainConfig): Promise<Checkpoint> {
  const { metadata, tensors } = await readSafetensors(await fileSource(path));
  const state = parseJson(path, metadata, stateKey, stateSchema);
  verifyChecksums(path, { metadata, tensors });
  requireSameConfig(path, parseJson(path, metadata, configKey, z.record(z.string(), z.unknown())), config);
  const { version: _, ...rest } = state;
  return { ...rest, tensors: new Map([...tensors].map(([name, tensor]) => [name, fromStored(path, name, tensor)])) };
}

/** Throws FormatError that names a tensor of a checkpoint with NaN or infinity, from which no training can go on. */
export function requireFinite(path: string, { tensors }: Checkpoint): void {
  for (const [name, { data }] of tensors) {
    const at = data.findIndex((value) => !Number.isFinite(value));
    if (at === -1) continue;
    const got = `tensor ${quote(name)}: element ${at} is ${data[at]}`;
    throw new FormatError(`${path}: ${got}, expected finite numbers to go on from`);
  }
}

function fromStored(path: string, name: string, { shape, dtype, data }: LoadedTensor): CheckpointTensor {
  if (data instanceof Float32Array && dtype === "F32") return { shape, data };
  if (!(data instanceof BigInt64Array)) {
    throw new FormatError(`${path}: tensor ${quote(name)} is ${dtype}, expected F32 or I64 in a checkpoint`);
  }
  const words = Uint32Array.from(data, Number);
  const at = words.findIndex((word, i) => BigInt(word) !== data[i]);
  if (at === -1) return { shape, data: words };
  throw new FormatError(`${path}: tensor ${quote(name)}: element ${at} is ${data[at]}, expected 32 bits`);
}

function parseJson<T extends z.ZodType>(
  path: string,
  metadata: Readonly<Record<string, string>>,
  key: string,
  schema: T,
): z.output<T> {
  const text = metadata[key];
  if (text === undefined) throw new FormatError(`${path}: is no checkpoint, its metadata has no "${key}"`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new FormatError(`${path}: metadata "${key}" is no JSON`);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new FormatError(`${path}: metadata "${key}": ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`);
}
