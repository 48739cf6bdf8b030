// Random access to the bytes of a file, wherever it lives: on disk, behind a URL, in memory.

import { UsageError } from "../../errors.ts";
import { shown } from "../../options.ts";
import { type ByteSource, CheckedSource } from "./checked.ts";
import { fileSource, hasFiles } from "./file.ts";
import { urlSource } from "./url.ts";

export type { ByteSource } from "./checked.ts";
export { urlSource } from "./url.ts";

/** What a caller may name a file by: a path, a URL, or the bytes themselves. */
export type Origin = string | URL | Blob | Uint8Array | ArrayBuffer;

/**
 * Opens whatever `origin` names. Strings that begin with `http:`, `https:`, `blob:` or `data:` are URLs; others are paths
 * where there are files, and relative to the page in a browser.
 * Throws FormatError if it cannot be opened, UsageError for what names no file, and for a path where there are neither files nor a page.
 */
export async function openSource(origin: Origin): Promise<ByteSource> {
  if (origin instanceof Uint8Array || origin instanceof ArrayBuffer) return bytesSource(origin);
  if (origin instanceof Blob) return blobSource(origin);
  if (typeof origin !== "string" && !(origin instanceof URL)) throw new UsageError(noOrigin(origin));
  const text = String(origin);
  if (/^(https?|blob|data):/i.test(text)) return urlSource(text);
  if (hasFiles()) return fileSource(text);
  const page = (globalThis as { location?: { href: string } }).location;
  if (page === undefined) throw new UsageError(`${text}: there are no files here, expected a URL or bytes`);
  return urlSource(new URL(text, page.href));
}

function noOrigin(origin: unknown): string {
  const isBody = typeof Response === "function" && origin instanceof Response;
  const isStream = typeof ReadableStream === "function" && origin instanceof ReadableStream;
  const todo = isBody ? "`await response.blob()`" : isStream ? "`await new Response(stream).blob()`" : undefined;
  return `a file: got ${shown(origin)}, expected ${todo ?? "a path, a URL, a Blob, a Uint8Array or an ArrayBuffer"}`;
}

/** Wraps bytes in memory; reads are copies. */
export function bytesSource(bytes: Uint8Array | ArrayBuffer, name = "(bytes in memory)"): ByteSource {
  // A plain view: slices of Node's Buffer share its memory, those of a Uint8Array are copies.
  const view =
    bytes instanceof Uint8Array ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : new Uint8Array(bytes);
  return new CheckedSource(name, view.byteLength, async (offset, length) => view.slice(offset, offset + length));
}

/** Wraps a Blob or File; its own name is used where it has one. Bytes are read when asked for. */
export function blobSource(blob: Blob, name?: string): ByteSource {
  const ownName = "name" in blob && typeof blob.name === "string" && blob.name !== "" ? blob.name : "(blob)";
  return new CheckedSource(name ?? ownName, blob.size, async (offset, length) => {
    return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
  });
}

/** Opens what `origin` names and reads all of it. Throws as {@link openSource} and {@link readAll} do. */
export async function readOrigin(origin: Origin): Promise<Uint8Array> {
  const source = await openSource(origin);
  try {
    return await readAll(source);
  } finally {
    await source.close();
  }
}

/** Reads a whole source. Throws FormatError if the bytes cannot be had. */
export function readAll(source: ByteSource): Promise<Uint8Array> {
  return source.read(0, source.size);
}

/** Whether it is a source that is open, rather than what names a file. */
export function isByteSource(origin: Origin | ByteSource): origin is ByteSource {
  return typeof origin === "object" && "read" in origin && "size" in origin && "close" in origin;
}
