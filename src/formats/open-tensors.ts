// Opens a file of tensors in whichever format it is.

import { openPytorch } from "./pytorch/index.ts";
import { openSafetensors } from "./safetensors/index.ts";
import { beginsAsPytorch, foreignBytes } from "./source/foreign.ts";
import { type ByteSource, isByteSource, type Origin, openSource } from "./source/source.ts";
import type { TensorFile } from "./tensor-file.ts";

/**
 * Opens safetensors, or a checkpoint of PyTorch, told by its first bytes; no tensor is read yet. A `ByteSource` that is passed in
 * belongs to the file from then on. Throws FormatError that names the file, and what of it is wrong.
 */
export async function openTensors(origin: Origin | ByteSource): Promise<TensorFile> {
  const source = isByteSource(origin) ? origin : await openSource(origin);
  return (await isPytorch(source)) ? openPytorch(source) : openSafetensors(source);
}

async function isPytorch(source: ByteSource): Promise<boolean> {
  try {
    return beginsAsPytorch(await source.read(0, Math.min(foreignBytes, source.size)));
  } catch (error) {
    await source.close();
    throw error;
  }
}
