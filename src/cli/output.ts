// Checks of output paths before the work begins, so that an hour of it is not lost to a misspelt folder.

import { access, constants, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { UsageError } from "../index.ts";
import { findProtection } from "../node.ts";

/**
 * Throws UsageError if `path` is one of the files that are read, a folder, or in a folder that is not there; and unless `force`
 * is true also for a file that is not ours to replace: read-only, owned by somebody else, or a link to a file that is not there.
 * Leave `force` out where the command has no option `--force`.
 */
export async function requireNewFile(path: string, inputs: readonly string[], force?: boolean): Promise<void> {
  const status = await stat(path).catch(() => undefined);
  if (status?.isDirectory()) throw new UsageError(`${path}: is a folder, expected a file name`);
  if (status) {
    const target = await realpath(path);
    for (const input of inputs) {
      if ((await realpath(input).catch(() => undefined)) !== target) continue;
      throw new UsageError(`${path}: is one of the inputs, expected another file to write to`);
    }
  }
  const found = force === true ? undefined : await findProtection(path);
  if (found !== undefined) {
    const expected = force === undefined ? "another name" : "another name, or --force to replace it";
    throw new UsageError(`${path}: ${found}, expected ${expected}`);
  }
  const folder = dirname(path);
  await access(folder, constants.W_OK).catch(() => {
    throw new UsageError(`${path}: cannot be written, its folder ${folder} is not there or not writable`);
  });
}

/** Throws UsageError if two of the files that a command writes are one. Undefined names are left out. */
export async function requireDistinct(outputs: readonly (string | undefined)[]): Promise<void> {
  const seen = new Set<string>();
  for (const path of outputs) {
    if (path === undefined) continue;
    const target = await finalPath(path);
    if (seen.has(target)) throw new UsageError(`${path}: is to be written twice, expected a name for each file`);
    seen.add(target);
  }
}

/** Where a path leads when links are followed, also where the file itself is not there yet. */
async function finalPath(path: string): Promise<string> {
  const folder = dirname(resolve(path));
  return realpath(path).catch(async () => join(await realpath(folder).catch(() => folder), basename(path)));
}
