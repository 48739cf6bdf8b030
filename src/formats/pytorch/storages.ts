// What both forms of a checkpoint give: the object that was saved, and where its storages lie in the file.

import { FormatError } from "../../errors.ts";
import { quote } from "../quote.ts";
import type { ByteSource } from "../source/source.ts";
import type { PickleValue } from "./values.ts";

/** Bytes of a storage in the file. */
export interface StoragePlace {
  readonly offset: number;
  readonly byteLength: number;
}

/** A checkpoint whose tensors are still to be read. */
export interface SavedObject {
  readonly value: PickleValue;
  /** Throws FormatError where the file has no storage of this name, or less of it than `byteLength`. */
  locate(key: string): Promise<StoragePlace>;
}

/** More than a pickle of a million tensors takes; its values take several times as much. */
export const mostPickleBytes = 64 * 1024 * 1024;

export function missingStorage({ name }: ByteSource, key: string): FormatError {
  return new FormatError(`${name}: the storage ${quote(key)} of a tensor is not in the file`);
}
