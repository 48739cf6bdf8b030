// The door to the reader of PyTorch's checkpoints. What stands behind it is loaded when it is first opened.

import { type ByteSource, isByteSource, type Origin, openSource } from "../source/source.ts";
import type { TensorFile } from "../tensor-file.ts";

/**
 * Opens a checkpoint that torch.save wrote, `.pt` or `.pth`, in its zip form or its old one: the tensors of its state_dict, or of its
 * module. Nothing in it is executed. No tensor is read yet. A `ByteSource` that is passed in belongs to the file from then on, and is
 * closed with it or when this throws.
 * Throws FormatError that names the file, and the tensor, storage or global.
 */
export async function openPytorch(origin: Origin | ByteSource): Promise<TensorFile> {
  const source = isByteSource(origin) ? origin : await openSource(origin);
  try {
    const { readCheckpointFile } = await import("./file.ts");
    return await readCheckpointFile(source);
  } catch (error) {
    await source.close();
    throw error;
  }
}
