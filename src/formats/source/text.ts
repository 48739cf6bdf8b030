// Text files that are read as a whole: configurations, lists, tunings, logs.
import { FormatError } from "../../errors.ts";
import { fileSource } from "./file.ts";

/** No configuration, list or tuning is larger. */
const mostTextBytes = 64 * 1024 * 1024;

/** Reads a text by its path. Throws FormatError where it is no regular file, cannot be read or is over 64 MiB. */
export async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await readBounded(path, mostTextBytes));
}

/** Reads the bytes of a regular file. Throws FormatError where there is none, it cannot be read or it is larger than `mostBytes`. */
export async function readBounded(path: string, mostBytes: number): Promise<Uint8Array> {
  const source = await fileSource(path);
  try {
    if (source.size <= mostBytes) return await source.read(0, source.size);
    throw new FormatError(`${path}: is too large, got ${source.size} bytes, expected at most ${mostBytes}`);
  } finally {
    await source.close();
  }
}
