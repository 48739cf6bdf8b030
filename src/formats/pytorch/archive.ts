// The zip form, of PyTorch 1.6 and newer: `NAME/data.pkl` and a file `NAME/data/KEY` for each storage, stored as they are.
// Source: torch/serialization.py, `_save` and `_load`.

import { FormatError } from "../../errors.ts";
import type { ByteSource } from "../source/source.ts";
import { missingStorage, mostPickleBytes, type SavedObject } from "./storages.ts";
import { unpickle } from "./unpickle.ts";
import { readZip, startOf, type ZipEntry } from "./zip.ts";

/** Reads the pickle of a zip archive. Throws FormatError for other archives, TorchScript's among them, and for big-endian ones. */
export async function readArchive(source: ByteSource): Promise<SavedObject> {
  const entries = await readZip(source);
  const pickles = [...entries.keys()].filter((name) => /^[^/]*\/?data\.pkl$/.test(name));
  const [pickle] = pickles;
  if (pickle === undefined || pickles.length > 1) {
    throw new FormatError(
      `${source.name}: is a zip archive that torch.save did not write, got ${pickles.length} files data.pkl, expected one`,
    );
  }
  const root = pickle.slice(0, -"data.pkl".length);
  if (entries.has(`${root}constants.pkl`)) {
    throw new FormatError(`${source.name}: is a TorchScript archive, expected the state_dict of its module`);
  }
  const order = await readWhole(source, entries.get(`${root}byteorder`), 16);
  if (order !== undefined && new TextDecoder().decode(order) !== "little") {
    throw new FormatError(`${source.name}: was written on a big-endian machine, expected a little-endian file`);
  }
  const bytes = await readWhole(source, entries.get(pickle), mostPickleBytes);
  return {
    value: unpickle(bytes ?? new Uint8Array(0), 0, source.name).value,
    async locate(key) {
      const entry = entries.get(`${root}data/${key}`);
      if (entry === undefined) throw missingStorage(source, key);
      return { offset: await startOf(source, entry), byteLength: entry.byteLength };
    },
  };
}

async function readWhole(source: ByteSource, entry: ZipEntry | undefined, most: number) {
  if (entry === undefined) return undefined;
  if (entry.byteLength > most) {
    throw new FormatError(
      `${source.name}: ${entry.name} is too large, got ${entry.byteLength} bytes, expected at most ${most}`,
    );
  }
  return source.read(await startOf(source, entry), entry.byteLength);
}
