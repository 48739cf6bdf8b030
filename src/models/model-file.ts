// A weights file that says which network it is for: a safetensors file with `atrous.*` metadata.
import { FormatError, UsageError } from "../errors.ts";
import { quote } from "../formats/quote.ts";
import { checkEntries, openSafetensors, type SafetensorsFile } from "../formats/safetensors/index.ts";
import type { ByteSource, Origin } from "../formats/source/source.ts";
import { GraphBuilder } from "../graph/ir/builder.ts";
import type { Graph, Value } from "../graph/ir/graph.ts";
import { formatShape, type Shape } from "../tensor.ts";
import { classMap, probabilities } from "./class-map.ts";
import { chooseLogits, type HeadOptions } from "./heads.ts";
import { type ChosenNetwork, type Heads, imageAxes } from "./network.ts";
import { type Preprocess, readLabels, readPreprocess } from "./preprocess.ts";
import { networks } from "./registry.ts";

/** What a graph of a model gives: `logits` and `probabilities` f32 [N, classes, H, W], `classes` i32 [N, H, W] (class-map.ts). */
export type ModelOutput = "logits" | "classes" | "probabilities";

/** An open weights file whose metadata names its network. */
export interface ModelFile extends ChosenNetwork {
  /** The file's name, for messages. */
  readonly name: string;
  readonly weights: SafetensorsFile;
  /** Class names, background first; undefined where the file names none. */
  readonly labels: readonly string[] | undefined;
  /** How images were prepared in training; undefined where the file does not say. */
  readonly preprocess: Preprocess | undefined;
}

/** Opens a weights file and reads its metadata; no weights yet. Throws FormatError naming the file and the field. */
export async function openModelFile(origin: Origin | ByteSource): Promise<ModelFile> {
  const weights = await openSafetensors(origin);
  try {
    const { name, metadata } = weights;
    const networkName = metadata["atrous.network"];
    const known = networks.map((network) => network.name).join(", ");
    if (networkName === undefined) {
      throw new FormatError(`${name}: metadata has no "atrous.network", expected one of ${known}`);
    }
    const network = networks.find((candidate) => candidate.name === networkName);
    if (!network)
      throw new FormatError(`${name}: metadata "atrous.network" is ${quote(networkName)}, expected one of ${known}`);
    const field = (key: string) => [metadataJson(weights, key), `${name}: metadata "${key}"`] as const;
    const [given = {}, where] = field("atrous.options");
    const options = network.options(given, where);
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

function metadataJson({ name, metadata }: SafetensorsFile, key: string): unknown {
  const text = metadata[key];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new FormatError(`${name}: metadata "${key}" is no JSON, got ${JSON.stringify(text.slice(0, 60))}`);
  }
}

/**
 * Appends a model's network to a graph, and checks that the file holds just its parameters, those of all heads.
 * Throws ShapeError for the image, FormatError for missing, unexpected and misshapen tensors.
 */
export function appendHeads(b: GraphBuilder, image: Value, { network, options, weights }: ModelFile): Heads {
  const heads = network.build(b, image, options);
  checkEntries(weights, new Map(b.parameters.map(({ name, type }) => [name, type.shape])));
  return heads;
}

/** Outputs that follow from the logits. */
const derived = new Map(Object.entries({ classes: classMap, probabilities }));

/**
 * Builds a model's graph for images of one shape, [N, C, H, W] or [N, C, D, H, W], and checks that the file holds just its parameters.
 * Outputs are `logits`, `classes`, `probabilities`, and heads of deep supervision by their names. What they do not need is left out.
 * Throws ShapeError for the shape, FormatError for missing, unexpected and misshapen tensors, UsageError for the level and for an
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
