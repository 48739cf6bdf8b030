// A file of weights and the network that it is for: a safetensors file whose `atrous.*` metadata says so, or any file of tensors with
// the network that the caller names.
import { FormatError, UsageError } from "../errors.ts";
import { openTensors } from "../formats/open-tensors.ts";
import { quote } from "../formats/quote.ts";
import { checkEntries } from "../formats/safetensors/index.ts";
import type { ByteSource, Origin } from "../formats/source/source.ts";
import type { TensorFile } from "../formats/tensor-file.ts";
import { GraphBuilder } from "../graph/ir/builder.ts";
import type { Graph, Value } from "../graph/ir/graph.ts";
import { checkOptions, type Rules, record, word } from "../options.ts";
import { formatShape, type Shape } from "../tensor.ts";
import { classMap, probabilities } from "./class-map.ts";
import { chooseLogits, type HeadOptions } from "./heads.ts";
import { type ChosenNetwork, type Heads, imageAxes } from "./network.ts";
import { type Preprocess, readLabels, readPreprocess } from "./preprocess.ts";
import { networks } from "./registry.ts";

/** What a graph of a model gives: `logits` and `probabilities` f32 [N, classes, H, W], `classes` i32 [N, H, W] (class-map.ts). */
export type ModelOutput = "logits" | "classes" | "probabilities";

/** The network of a file that names none: a checkpoint of PyTorch, or safetensors of other programs. */
export interface ModelFileOptions {
  /** Its name, one of `networks`. */
  readonly network?: string | undefined;
  /** Its options, as `atrous.options` has them; what is absent is the default. */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
}

/** Rules of {@link ModelFileOptions}. */
export const modelFileRules: Rules<ModelFileOptions> = { network: word, options: record };

/** An open file of weights and its network. */
export interface ModelFile extends ChosenNetwork {
  /** The file's name, for messages. */
  readonly name: string;
  readonly weights: TensorFile;
  /** Class names, background first; undefined where the file names none. */
  readonly labels: readonly string[] | undefined;
  /** How images were prepared in training; undefined where the file does not say. */
  readonly preprocess: Preprocess | undefined;
}

/**
 * Opens a file of weights: its metadata names the network, or `chosen` does where it names none. No weights are read yet.
 * Throws FormatError naming the file and the field, UsageError for a network that is not there, and for one where the file names its own.
 */
export async function openModelFile(origin: Origin | ByteSource, chosen: ModelFileOptions = {}): Promise<ModelFile> {
  checkOptions("openModelFile", chosen, modelFileRules);
  const weights = await openTensors(origin);
  try {
    const { name } = weights;
    const field = (key: string) => [metadataJson(weights, key), `${name}: metadata "${key}"`] as const;
    const { network, options } = chooseNetwork(weights, chosen);
    return {
      name,
      weights,
      network,
      options,
      labels: readLabels(...field("atrous.labels")),
      preprocess: readPreprocess(...field("atrous.preprocess"), network.imageSize(options)),
    };
  } catch (error) {
    await weights.close();
    throw error;
  }
}

function chooseNetwork(weights: TensorFile, chosen: ModelFileOptions): ChosenNetwork {
  const { name, metadata } = weights;
  const known = `expected one of ${networks.map((network) => network.name).join(", ")}`;
  const find = (wanted: string) => networks.find((network) => network.name === wanted);
  const own = metadata["atrous.network"];
  if (own === undefined) {
    if (chosen.network === undefined) {
      throw new FormatError(`${name}: metadata has no "atrous.network", and no network is given, ${known}`);
    }
    const network = find(chosen.network);
    if (!network) throw new UsageError(`network: got ${quote(chosen.network)}, ${known}`);
    return { network, options: network.options(chosen.options ?? {}, `${network.name}: options`) };
  }
  if (chosen.network !== undefined || chosen.options !== undefined) {
    throw new UsageError(`${name}: names its network itself, ${quote(own)}, expected no network and no options`);
  }
  const network = find(own);
  if (!network) throw new FormatError(`${name}: metadata "atrous.network" is ${quote(own)}, ${known}`);
  const given = metadataJson(weights, "atrous.options") ?? {};
  return { network, options: network.options(given, `${name}: metadata "atrous.options"`) };
}

function metadataJson({ name, metadata }: TensorFile, key: string): unknown {
  const text = metadata[key];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new FormatError(`${name}: metadata "${key}" is no JSON, got ${JSON.stringify(text.slice(0, 60))}`);
  }
}

/**
 * Appends a model's network to a graph, and checks that the file holds its parameters, those of all heads. What else it holds is not
 * read: see {@link unusedTensors}. Throws ShapeError for the image, FormatError for missing and misshapen tensors.
 */
export function appendHeads(b: GraphBuilder, image: Value, { network, options, weights }: ModelFile): Heads {
  const heads = network.build(b, image, options);
  requireEntries(weights, b);
  return heads;
}

function requireEntries(weights: TensorFile, b: GraphBuilder): ReadonlyMap<string, Shape> {
  const expected = new Map(b.parameters.map(({ name, type }) => [name, type.shape]));
  checkEntries(weights, expected, { allowUnused: true });
  return expected;
}

/** The parameters of a file's network, those of all heads, by name. Throws FormatError for those that the file lacks or that misfit. */
export function requireParameters(file: ModelFile): ReadonlyMap<string, Shape> {
  return requireEntries(file.weights, smallest(file));
}

/**
 * Names of the tensors that a file holds and its network does not have, in the order of the file: `num_batches_tracked` of PyTorch's
 * batch norms, a classifier behind an encoder, heads of another training.
 */
export function unusedTensors(file: ModelFile): string[] {
  const used = new Set(smallest(file).parameters.map(({ name }) => name));
  return [...file.weights.entries.keys()].filter((name) => !used.has(name));
}

/** The network on the smallest image that it takes. */
function smallest({ network, options }: ChosenNetwork): GraphBuilder {
  const { multiple, least } = network.imageSize(options);
  const side = Math.ceil(least / multiple) * multiple;
  const b = new GraphBuilder();
  network.build(b, b.input("image", [1, options.inChannels, ...Array(network.dimensions).fill(side)]), options);
  return b;
}

/** Outputs that follow from the logits. */
const derived = new Map(Object.entries({ classes: classMap, probabilities }));

/**
 * Builds a model's graph for images of one shape, [N, C, H, W] or [N, C, D, H, W], and checks that the file holds its parameters.
 * Outputs are `logits`, `classes`, `probabilities`, and heads of deep supervision by their names. What they do not need is left out.
 * Throws ShapeError for the shape, FormatError for missing and misshapen tensors, UsageError for the level and for an
 * output that there is not.
 */
export function buildModelGraph(
  file: ModelFile,
  shape: Shape,
  outputs: readonly string[],
  chosen: HeadOptions = {},
): Graph {
  const { network } = file;
  if (shape.length !== network.dimensions + 2)
    throw new FormatError(`image shape is ${formatShape(shape)}, expected ${imageAxes(network.dimensions)}`);
  const b = new GraphBuilder();
  const image = b.input("image", shape);
  const heads = appendHeads(b, image, file);
  const logits = chooseLogits(b, heads, chosen);
  const values = new Map(Object.entries({ ...heads, logits }));
  for (const output of outputs) {
    const derive = derived.get(output);
    const value = derive ? derive(b, logits, file) : values.get(output);
    const known = [...values.keys(), ...derived.keys()];
    if (!value) throw new UsageError(`output: got "${output}", expected ${known.join(", ")}`);
    b.output(output, value);
  }
  return b.build();
}
