// Files that a file names: beside it or in folders below it, nowhere else. What a model's author wrote down must not make a
// reader open anything else on this machine or this network.

import { FormatError, UsageError } from "../../errors.ts";
import { quote } from "../quote.ts";
import type { ByteSource } from "./checked.ts";
import { fileSource, hasFiles } from "./file.ts";
import { type Origin, openSource } from "./source.ts";

/**
 * Opens the file that `path` names relative to the folder of `origin`, a path or URL; `file` names it in messages.
 * Throws FormatError for a path that is absolute, climbs with `..`, or leads out of the folder through a symbolic link;
 * UsageError where `origin` is bytes, which have no folder.
 */
export async function openSibling(origin: Origin, path: string, file: string): Promise<ByteSource> {
  checkRelative(path, file);
  if (typeof origin !== "string" && !(origin instanceof URL)) {
    throw new UsageError(`${file}: its data is in ${path}, but bytes have no folder, expected a path or URL`);
  }
  const text = String(origin);
  if (/^(blob|data):/i.test(text)) {
    throw new UsageError(`${file}: its data is in ${path}, but this URL has no folder, expected a path or http URL`);
  }
  if (/^https?:/i.test(text)) return openSource(besideUrl(text, path));
  if (hasFiles()) return besideFile(text, path, file);
  const page = (globalThis as { location?: { href: string } }).location;
  return openSource(besideUrl(new URL(text, page?.href).href, path));
}

function checkRelative(path: string, file: string): void {
  const steps = path.split(/[/\\]/);
  const climbs = steps.includes("..") || path === "" || steps[0] === "";
  if (!climbs && !path.includes(":") && !path.includes("\0")) return;
  throw new FormatError(`${file}: its data is in ${quote(path)}, expected a path inside the file's own folder`);
}

/** The query goes along: it is where servers want their tokens. */
function besideUrl(url: string, path: string): URL {
  const beside = new URL(path.split("/").map(encodeURIComponent).join("/"), url);
  beside.search = new URL(url).search;
  return beside;
}

async function besideFile(origin: string, path: string, file: string): Promise<ByteSource> {
  const { realpath } = process.getBuiltinModule("node:fs/promises");
  const { dirname, join, sep } = process.getBuiltinModule("node:path");
  const local = /^file:/i.test(origin) ? process.getBuiltinModule("node:url").fileURLToPath(origin) : origin;
  const folder = await realpath(dirname(local));
  const wanted = join(folder, path);
  // What is not there is said by `fileSource`, in its words.
  const actual = await realpath(wanted).catch(() => wanted);
  if (actual.startsWith(folder.endsWith(sep) ? folder : folder + sep)) return fileSource(actual);
  throw new FormatError(`${file}: its data is in ${quote(path)}, a symbolic link out of the file's own folder`);
}
