// The old form, of PyTorch before 1.6 and of `_use_new_zipfile_serialization=False`: five pickles in a row (a magic number, a version,
// facts of the system, the object, the keys of its storages), then each storage as a count of its elements and their bytes.
// Source: torch/serialization.py, `_legacy_save` and `_legacy_load`.

import { FormatError } from "../../errors.ts";
import { quote } from "../quote.ts";
import type { ByteSource } from "../source/source.ts";
import { storageItemBytes } from "./dtype.ts";
import { Truncated } from "./pickle-bytes.ts";
import { missingStorage, mostPickleBytes, type SavedObject, type StoragePlace } from "./storages.ts";
import { unpickle } from "./unpickle.ts";
import type { PickleValue, StorageRef } from "./values.ts";

/** 0x1950a86a20f9469cfc6c, as a number of f64 holds it. */
const magic = Number(0x1950a86a20f9469cfc6cn);
const version = 1001;

/** Reads the five pickles and finds the storages. Throws FormatError for other pickles, and for big-endian files. */
export async function readLegacy(source: ByteSource): Promise<SavedObject> {
  const { name } = source;
  const { values, end, storages } = await readPickles(source);
  const [, , system, value = null, keys] = values;
  if (system instanceof Map && system.get("little_endian") === false) {
    throw new FormatError(`${name}: was written on a big-endian machine, expected a little-endian file`);
  }
  const places = await placeStorages(source, end, keys ?? null, storages);
  return {
    value,
    async locate(key) {
      const place = places.get(key);
      if (place === undefined) throw missingStorage(source, key);
      return place;
    },
  };
}

interface Pickles {
  readonly values: readonly PickleValue[];
  /** Byte after the last pickle. */
  readonly end: number;
  readonly storages: readonly StorageRef[];
}

/** How long they are only they say: more of the file is read where they go on. */
async function readPickles(source: ByteSource): Promise<Pickles> {
  for (let size = 1024 * 1024; ; size *= 8) {
    const bytes = await source.read(0, Math.min(size, source.size, mostPickleBytes));
    try {
      return parsePickles(bytes, source.name);
    } catch (error) {
      if (!(error instanceof Truncated) || bytes.length === source.size || bytes.length === mostPickleBytes)
        throw error;
    }
  }
}

function parsePickles(bytes: Uint8Array, name: string): Pickles {
  const values: PickleValue[] = [];
  const storages: StorageRef[] = [];
  let end = 0;
  for (const expected of [magic, version, undefined, undefined, undefined]) {
    const read = unpickle(bytes, end, name);
    for (const storage of read.storages) storages.push(storage);
    if (expected !== undefined && read.value !== expected) {
      throw new FormatError(`${name}: is a pickle that torch.save did not write, expected a checkpoint of PyTorch`);
    }
    values.push(read.value);
    end = read.end;
  }
  return { values, end, storages };
}

async function placeStorages(source: ByteSource, start: number, keys: PickleValue, storages: readonly StorageRef[]) {
  const { name } = source;
  if (!Array.isArray(keys)) throw new FormatError(`${name}: the keys of its storages are no list`);
  const types = new Map(storages.map(({ key, type }) => [key, type]));
  const places = new Map<string, StoragePlace>();
  let at = start;
  for (const given of keys) {
    // Some were numbers. Anything else is no name, and its text may be without end.
    const key = typeof given === "number" ? String(given) : given;
    if (typeof key !== "string") throw new FormatError(`${name}: the key of a storage is no text`);
    const type = types.get(key);
    const itemBytes = type === undefined ? undefined : storageItemBytes(type);
    if (itemBytes === undefined || places.has(key)) {
      throw new FormatError(`${name}: the storage ${quote(key)} is of no tensor, of an unknown type, or there twice`);
    }
    const view = new DataView((await source.read(at, 8)).buffer);
    const byteLength = Number(view.getBigUint64(0, true)) * itemBytes;
    at += 8;
    if (at + byteLength > source.size) throw new FormatError(`${name}: the storage ${quote(key)} leaves the file`);
    places.set(key, { offset: at, byteLength });
    at += byteLength;
  }
  return places;
}
