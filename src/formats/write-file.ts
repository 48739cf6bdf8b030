// Writing files, for Node only: a file is either the old one or the new one, never half of it, whatever happens meanwhile.

import { randomBytes } from "node:crypto";
import { access, constants, type FileHandle, lstat, open, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UsageError } from "../errors.ts";
import { checkOptions, flag } from "../options.ts";

/** How {@link writeFileAtomic} treats what is there. */
export interface WriteOptions {
  /** Replace a file that is read-only or owned by another user, and a link to a file that is not there. Default false. */
  readonly force?: boolean;
}

/**
 * Writes a file by way of a temporary one in the same folder, which takes its place once it is safe on disk. Symbolic links are
 * followed; an existing file keeps its permissions; pipes and devices are written to directly.
 * Throws UsageError if the folder does not exist, is not writable or the disk is full, and, without `force`, if what is there is not
 * ours to replace (see {@link findProtection}); what the chunks throw passes through. Nothing is left behind in any case.
 */
export async function writeFileAtomic(
  path: string,
  content: Uint8Array | AsyncIterable<Uint8Array>,
  options: WriteOptions = {},
): Promise<void> {
  const { force = false } = checkOptions("writeFileAtomic", options, { force: flag });
  const protection = force ? undefined : await findProtection(path);
  if (protection !== undefined) {
    throw new UsageError(`${path}: ${protection}, expected another name, or { force: true } to replace it`);
  }
  const chunks = content instanceof Uint8Array ? [content] : content;
  const target = await attempt(path, () => inspectTarget(path));
  if (target.kind === "stream") return writeStream(path, chunks);
  const temporary = join(dirname(target.path), `.atrous-${randomBytes(8).toString("hex")}.tmp`);
  const file = await attempt(path, () => open(temporary, "wx"));
  try {
    try {
      const { mode } = target;
      if (mode !== undefined) await attempt(path, () => file.chmod(mode));
      await writeChunks(path, file, chunks);
      await attempt(path, () => file.sync());
    } finally {
      await file.close();
    }
    await attempt(path, () => rename(temporary, target.path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(target.path));
}

/** Removes what writes have left in a folder whose processes were killed. No other process may be writing there. */
export async function removeTorn(folder: string): Promise<void> {
  const names = await readdir(folder);
  const torn = names.filter((name) => /^\.atrous-[0-9a-f]{16}\.tmp$/.test(name));
  await Promise.all(torn.map((name) => rm(join(folder, name), { force: true })));
}

/**
 * Why a path should not be written to unasked: `is read-only`, `is owned by another user`, `is a link to a file that is not there`;
 * undefined where nothing speaks against it. Files are replaced by renaming, which asks for no permission of theirs.
 */
export async function findProtection(path: string): Promise<string | undefined> {
  const status = await stat(path).catch(() => undefined);
  if (status === undefined) {
    const link = await lstat(path).catch(() => undefined);
    return link?.isSymbolicLink() ? "is a link to a file that is not there" : undefined;
  }
  if (!status.isFile()) return undefined;
  // By its mode, as nothing is read-only to root.
  const isWritable =
    (status.mode & 0o222) !== 0 &&
    (await access(path, constants.W_OK).then(
      () => true,
      () => false,
    ));
  if (!isWritable) return "is read-only";
  const user = process.getuid?.();
  return user !== undefined && status.uid !== user ? "is owned by another user" : undefined;
}

type Target = { kind: "file"; path: string; mode?: number } | { kind: "stream" };

async function inspectTarget(path: string): Promise<Target> {
  const status = await stat(path).catch((error) => {
    if (hasCode(error) && error.code === "ENOENT") return undefined;
    throw error;
  });
  if (status === undefined) return { kind: "file", path };
  if (status.isDirectory()) throw new UsageError(`${path}: is a folder, expected a file name`);
  if (!status.isFile()) return { kind: "stream" };
  return { kind: "file", path: await realpath(path), mode: status.mode & 0o7777 };
}

async function writeStream(path: string, chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
  const file = await attempt(path, () => open(path, "w"));
  try {
    await writeChunks(path, file, chunks);
  } finally {
    await file.close();
  }
}

async function writeChunks(
  path: string,
  file: FileHandle,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  for await (const chunk of chunks) {
    let done = 0;
    while (done < chunk.byteLength) {
      const { bytesWritten } = await attempt(path, () => file.write(chunk, done));
      done += bytesWritten;
    }
  }
}

/** Makes the new name itself survive a power cut. Not every system can; the file's content is safe without. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // Windows does not open folders.
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "its folder does not exist",
  ENOTDIR: "a part of its path is not a folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  ENAMETOOLONG: "the name is too long",
};

async function attempt<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!hasCode(error)) throw error;
    throw new UsageError(`${path}: cannot be written, ${reasons[error.code] ?? `got ${error.code}`}`);
  }
}

function hasCode(error: unknown): error is Error & { code: string } {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}
