// Writing weights whose metadata names their network.
import { type TensorToWrite, writeSafetensors } from "../formats/safetensors/index.ts";
import { type ModelFile, requireParameters } from "./model-file.ts";

/**
 * Builds a safetensors file of a network's weights, of the types that `file` has them in, that names network and options, so that it
 * can be opened without them. Metadata of the file is kept; tensors that the network does not have are left out.
 * Throws FormatError for missing and misshapen tensors.
 */
export async function writeModelFile(file: ModelFile): Promise<Uint8Array> {
  const { network, options, weights } = file;
  const tensors = new Map<string, TensorToWrite>();
  for (const name of requireParameters(file).keys()) {
    const entry = weights.entries.get(name);
    if (entry) tensors.set(name, { shape: entry.shape, dtype: entry.dtype, data: await weights.readRaw(name) });
  }
  return writeSafetensors(tensors, {
    ...weights.metadata,
    "atrous.network": network.name,
    "atrous.options": JSON.stringify(options),
  });
}
