// Files that stand where a model should: what downloads, repositories and other frameworks leave there. Told by their first bytes.

import { FormatError } from "../../errors.ts";
import type { ByteSource } from "./checked.ts";

/** So many bytes tell them all. */
export const foreignBytes = 64;

const checkpoint = "make safetensors of a checkpoint with `atrous convert`, or export the network to ONNX";

const zips = ["PK\x03\x04"];
const pickles = ["\x80\x02\x8a", "\x80\x02}", "\x80\x02c", "\x80\x03", "\x80\x04\x95", "\x80\x05\x95"];

/** What files begin with, a character a byte; what that is, and what to do. */
const kinds: readonly (readonly [RegExp | readonly string[], string, string])[] = [
  [
    /^(\xef\xbb\xbf)?\s*<(!doctype|html|head|body|\?xml|!--)/i,
    "a web page",
    "the server answered with a page, check the address",
  ],
  [["version https://git-lfs"], "a pointer of Git LFS", "fetch the file itself with `git lfs pull`"],
  [["\x1f\x8b\x08"], "compressed with gzip", "decompress it first"],
  [zips, "a zip archive, as PyTorch's .pt and .pth files are", checkpoint],
  [pickles, "a pickle, as PyTorch's .pt and .pth files were", checkpoint],
];

/** Whether a file begins as PyTorch's checkpoints do: as a zip archive or a pickle. What else begins so is refused when it is opened. */
export function beginsAsPytorch(start: Uint8Array): boolean {
  if (beginsAsSafetensors(start)) return false;
  const text = String.fromCharCode(...start.subarray(0, foreignBytes));
  return [...zips, ...pickles].some((bytes) => text.startsWith(bytes));
}

/** Eight bytes are the length of the header, and may be any; a brace follows them. */
export function beginsAsSafetensors(start: Uint8Array): boolean {
  return start[8] === "{".charCodeAt(0);
}

/** Throws FormatError that says what the file is and what to do, where its first bytes are those of something else than a model. */
export function requireModel(start: Uint8Array, file: string): void {
  if (beginsAsSafetensors(start)) return;
  const text = String.fromCharCode(...start.subarray(0, foreignBytes));
  const found = kinds.find(([begins]) =>
    begins instanceof RegExp ? begins.test(text) : begins.some((bytes) => text.startsWith(bytes)),
  );
  if (found) throw new FormatError(`${file}: is ${found[1]}, expected a model file: ${found[2]}`);
}

/** Reads the first bytes of a source for {@link requireModel}. */
export async function requireModelIn(source: ByteSource): Promise<void> {
  requireModel(await source.read(0, Math.min(foreignBytes, source.size)), source.name);
}
