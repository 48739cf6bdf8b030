// Writing weights whose metadata names their network.
import { type TensorToWrite, writeSafetensors } from "../formats/safetensors/index.ts";
import { checkOptions, names, type Rules, record } from "../options.ts";
import { type ModelFile, requireParameters } from "./model-file.ts";
import { type Preprocess, readPreprocess } from "./preprocess.ts";

/** What a checkpoint does not say of its training. */
export interface WriteModelOptions {
  /** Class names, background first. */
  readonly labels?: readonly string[] | undefined;
  /** How images are prepared; without it `atrous segment` does not take the file. */
  readonly preprocess?: (Pick<Preprocess, "spacingMm" | "normalize"> & Partial<Preprocess>) | undefined;
}

const writeModelRules: Rules<WriteModelOptions> = { labels: names, preprocess: record };

/**
 * Builds a safetensors file of a network's weights, of the types that `file` has them in, that names network and options, so that it
 * can be opened without them. Metadata of the file is kept; tensors that the network does not have are left out.
 * Throws FormatError for missing and misshapen tensors and for a preparation that is none, UsageError for options.
 */
export async function writeModelFile(file: ModelFile, options: WriteModelOptions = {}): Promise<Uint8Array> {
  const { labels, preprocess } = checkOptions("writeModelFile", options, writeModelRules);
  const { network, weights } = file;
  const prepared = readPreprocess(
    preprocess && { padValue: 0, ...preprocess },
    "preprocess",
    network.imageSize(file.options),
  );
  const tensors = new Map<string, TensorToWrite>();
  for (const name of requireParameters(file).keys()) {
    const entry = weights.entries.get(name);
    if (entry) tensors.set(name, { shape: entry.shape, dtype: entry.dtype, data: await weights.readRaw(name) });
  }
  return writeSafetensors(tensors, {
    ...weights.metadata,
    "atrous.network": network.name,
    "atrous.options": JSON.stringify(file.options),
    ...(labels && { "atrous.labels": JSON.stringify(labels) }),
    ...(prepared && { "atrous.preprocess": JSON.stringify(prepared) }),
  });
}
