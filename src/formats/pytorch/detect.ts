// Telling PyTorch's checkpoints from other files.

import { foreignBytes } from "../source/foreign.ts";
import { isByteSource, type ByteSource, type Origin, openSource } from "../source/source.ts";

/** A zip archive, or a pickle with its protocol: of 2, the magic number follows at once; of 4 and 5, a frame. */
const beginnings = ["PK\x03\x04", "\x80\x02\x8a\x0a\x6c\xfc", "\x80\x03\x8a", "\x80\x04\x95", "\x80\x05\x95", "\x80\x02}", "\x80\x02c"];

/** Whether a file begins as checkpoints do. What else begins so is refused when it is opened. */
export function beginsAsPytorch(start: Uint8Array): boolean {
  // The header of a safetensors file, whose length may begin with any bytes.
  if (start[8] === "{".charCodeAt(0)) return false;
  const text = String.fromCharCode(...start.subarray(0, 8));
  return beginnings.some((bytes) => text.startsWith(bytes));
}

/** Whether `origin` is a zip archive or a pickle, as checkpoints are, by its first bytes. Throws FormatError where it cannot be read. */
export async function isPytorch(origin: Origin | ByteSource): Promise<boolean> {
  if (isByteSource(origin)) return beginsAsPytorch(await origin.read(0, Math.min(foreignBytes, origin.size)));
  // Names that say it save a request.
  if (isNamed(origin, /\.(onnx|safetensors)$/i)) return false;
  const source = await openSource(origin);
  try {
    return await isPytorch(source);
  } finally {
    await source.close();
  }
}

/** By a path or URL without its query. */
function isNamed(origin: Origin, ending: RegExp): boolean {
  if (typeof origin !== "string" && !(origin instanceof URL)) return false;
  return ending.test(String(origin).replace(/[?#].*$/, ""));
}
