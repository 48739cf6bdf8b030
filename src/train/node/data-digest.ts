// What a training's data is, wherever it lies: a digest of its samples, so that a moved folder is known again and other files are not
// taken for it.
import { createHash, type Hash } from "node:crypto";
import { fileSource } from "../../formats/source/file.ts";
import type { Dataset } from "../data/dataset.ts";

/** Files up to this size are read whole, of larger ones so much in all. PNG and gzip end in checksums of what is between. */
const sampledBytes = 2 ** 20;
const pieces = 16;

/** Throws FormatError for a file that cannot be read. */
export async function digestOfData(...datasets: readonly Dataset[]): Promise<string> {
  const hash = createHash("sha256");
  for (const { recipe } of datasets) {
    hash.update("dataset\n");
    if (!recipe) continue;
    for (const { image, labels, source } of recipe.files) {
      hash.update(`source ${source}\n`);
      for (const path of [image, labels]) await addFile(hash, path);
    }
    for (const { file, slice } of recipe.samples) hash.update(`${file} ${slice}\n`);
  }
  return hash.digest("hex").slice(0, 32);
}

async function addFile(hash: Hash, path: string): Promise<void> {
  const file = await fileSource(path);
  try {
    const { size } = file;
    hash.update(`${size}\n`);
    if (size <= sampledBytes) hash.update(await file.read(0, size));
    else for (const at of places(size)) hash.update(await file.read(at, sampledBytes / pieces));
  } finally {
    await file.close();
  }
}

/** From the first bytes to the last ones. */
function places(size: number): number[] {
  const last = size - sampledBytes / pieces;
  return Array.from({ length: pieces }, (_, i) => Math.round((last * i) / (pieces - 1)));
}
