// What a checkpoint says of itself, so that a flipped bit is found before a training goes on from it: a digest of each tensor, with
// its type and shape, and of each text of its metadata. They are the metadata `atrous.checksums`.
import { createHash } from "node:crypto";
import * as z from "zod";
import { FormatError } from "../../errors.ts";
import { quote } from "../../formats/quote.ts";
import type { LoadedTensor } from "../../formats/safetensors/index.ts";
import type { Shape } from "../../tensor.ts";

export const checksumKey = "atrous.checksums";

const digests = z.record(z.string(), z.string());
const schema = z.strictObject({ metadata: digests, tensors: digests });

/** As the file holds it. */
interface StoredTensor {
  readonly shape: Shape;
  readonly data: ArrayBufferView;
}

/** The text of `atrous.checksums` for these tensors and this metadata. */
export function checksums(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>>,
): string {
  const sorted = [...tensors].sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify({
    metadata: Object.fromEntries(Object.entries(metadata).map(([key, text]) => [key, digest(text)])),
    tensors: Object.fromEntries(sorted.map(([name, tensor]) => [name, tensorDigest(tensor)])),
  });
}

/** Throws FormatError that names the tensor or the metadata that is not what was written. */
export function verifyChecksums(
  path: string,
  { metadata, tensors }: { metadata: Readonly<Record<string, string>>; tensors: ReadonlyMap<string, LoadedTensor> },
): void {
  const written = parseChecksums(path, metadata[checksumKey]);
  for (const key of Object.keys(written.metadata)) {
    const text = metadata[key];
    if (text === undefined || digest(text) !== written.metadata[key]) throw damaged(path, `metadata "${key}"`);
  }
  for (const name of new Set([...Object.keys(written.tensors), ...tensors.keys()])) {
    const tensor = tensors.get(name);
    if (tensor === undefined || tensorDigest(tensor) !== written.tensors[name]) {
      throw damaged(path, `tensor ${quote(name)}`);
    }
  }
}

function parseChecksums(path: string, text: string | undefined): z.output<typeof schema> {
  if (text === undefined) throw new FormatError(`${path}: is no checkpoint, its metadata has no "${checksumKey}"`);
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw damaged(path, `metadata "${checksumKey}"`);
  }
}

function damaged(path: string, what: string): FormatError {
  return new FormatError(`${path}: ${what} is damaged: its checksum is not the one that was written`);
}

function tensorDigest({ shape, data }: StoredTensor): string {
  const kind = `${data.constructor.name} ${shape.join("x")}\n`;
  return digest(kind, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

/** Half of it is enough against chance. */
function digest(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex").slice(0, 32);
}
