// Files on disk, where there are any: bytes are read where they are needed, never the whole file at once.
// Node's modules are asked of the process that runs, not imported, so that bundles for the browser name none.

import type { FileHandle } from "node:fs/promises";
import { FormatError } from "../../errors.ts";
import { type ByteSource, CheckedSource } from "./checked.ts";

/** Node refuses reads of 2 GiB and more. */
const maxReadBytes = 1024 * 1024 * 1024;

/** Whether this process has files: Node 20.16 or newer, and what behaves like it. */
export function hasFiles(): boolean {
  return typeof globalThis.process?.getBuiltinModule === "function";
}

/**
 * Opens a file by its path or `file:` URL. Keep it open while reading; `close` releases the handle.
 * Throws FormatError where there is no such file, or it is a folder, a pipe or a device, or may not be read.
 */
export async function fileSource(path: string): Promise<ByteSource> {
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    return new CheckedSource(
      path,
      size,
      (offset, length) => readFrom(file, path, offset, length),
      () => file.close(),
    );
  } catch (error) {
    await file.close();
    throw explain(path, error);
  }
}

async function openFile(path: string): Promise<FileHandle> {
  const { open, stat } = process.getBuiltinModule("node:fs/promises");
  try {
    const local = /^file:/i.test(path) ? process.getBuiltinModule("node:url").fileURLToPath(path) : path;
    // Before opening: to open a pipe is to wait for somebody to write to it.
    const status = await stat(local);
    if (status.isDirectory()) throw new FormatError(`${path}: is a folder, expected a file`);
    if (!status.isFile()) throw new FormatError(`${path}: is a pipe or a device, expected a regular file`);
    return await open(local, "r");
  } catch (error) {
    throw explain(path, error);
  }
}

async function readFrom(file: FileHandle, path: string, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const wanted = Math.min(length - done, maxReadBytes);
    const { bytesRead } = await file.read(bytes, done, wanted, offset + done).catch((error) => {
      throw explain(path, error);
    });
    if (bytesRead === 0) return bytes.subarray(0, done);
    done += bytesRead;
  }
  return bytes;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  ENOTDIR: "no such file, a part of its path is not a folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "is a folder, expected a file",
  ELOOP: "too many symbolic links",
  ENAMETOOLONG: "the name is too long",
  EMFILE: "too many open files",
  ENFILE: "too many open files",
  ERR_INVALID_ARG_VALUE: "is not a path, got a NUL character in it",
};

function explain(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return error;
  return new FormatError(
    `${path.replaceAll("\0", "\\0")}: ${reasons[error.code] ?? `cannot be read, got ${error.code}`}`,
  );
}
