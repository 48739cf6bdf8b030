// Checks of output paths before the work begins, so that an hour of it is not lost to a misspelt folder.

import { access, constants, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { UsageError } from "../index.ts";

/** Throws UsageError if `path` is one of the files that are read, a folder, or in a folder that is not there. */
export async function requireNewFile(path: string, inputs: readonly string[]): Promise<void> {
  const status = await stat(path).catch(() => undefined);
  if (status?.isDirectory()) throw new UsageError(`${path}: is a folder, expected a file name`);
  if (status) {
    const target = await realpath(path);
    for (const input of inputs) {
      if ((await realpath(input).catch(() => undefined)) !== target) continue;
      throw new UsageError(`${path}: is one of the inputs, expected another file to write to`);
    }
  }
  const folder = dirname(path);
  await access(folder, constants.W_OK).catch(() => {
    throw new UsageError(`${path}: cannot be written, its folder ${folder} is not there or not writable`);
  });
}
