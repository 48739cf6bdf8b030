// A weights file that says which network it is for: a safetensors file with `atrous.*` metadata.
import { FormatError } from "../errors.ts";
import { quote } from "../formats/quote.ts";
import { checkEntries, openSafetensors, type SafetensorsFile } from "../formats/safetensors/index.ts";
import type { ByteSource, Origin } from "../formats/source/source.ts";
import { GraphBuilder } from "../graph/ir/builder.ts";
import type { Graph } from "../graph/ir/graph.ts";
import { formatShape, type Shape } from "../tensor.ts";
import { classMap } from "./class-map.ts";
import { type ChosenNetwork, imageAxes } from "./network.ts";
import { type Preprocess, readLabels, readPreprocess } from "./preprocess.ts";
import { networks } from "./registry.ts";

/** What a graph of a model gives: `logits` f32 [N, classes, H, W], `classes` i32 [N, H, W] (class-map.ts). */
export type ModelOutput = "logits" | "classes";

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
 * Builds a model's graph for images of one shape, [N, C, H, W] or [N, C, D, H, W], and checks that the file holds just its parameters.
 * Throws ShapeError for the shape, FormatError for missing, unexpected and misshapen tensors.
 */
export function buildModelGraph(file: ModelFile, shape: Shape, outputs: readonly ModelOutput[]): Graph {
  const { network, options } = file;
  if (shape.length !== network.dimensions + 2)
    throw new FormatError(`image shape is ${formatShape(shape)}, expected ${imageAxes(network.dimensions)}`);
  const b = new GraphBuilder();
  const image = b.input("image", shape);
  const { logits } = network.build(b, image, options);
  for (const output of outputs) {
    b.output(output, output === "logits" ? logits : classMap(b, logits, file));
  }
  const graph = b.build();
  checkEntries(file.weights, new Map(graph.parameters.map(({ name, type }) => [name, type.shape])));
  return graph;
}
