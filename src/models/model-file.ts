// A weights file that says which network it is for: a safetensors file with `atrous.*` metadata.
import { FormatError } from "../errors.ts";
import { checkEntries, openSafetensors, type SafetensorsFile } from "../formats/safetensors/index.ts";
import type { ByteSource, Origin } from "../formats/source/source.ts";
import { GraphBuilder } from "../graph/ir/builder.ts";
import type { Graph } from "../graph/ir/graph.ts";
import { argmax } from "../ops/reduce/argmax.ts";
import { formatShape, type Shape } from "../tensor.ts";
import type { Network } from "./network.ts";
import { msffResNet18 } from "./networks/msff-resnet18.ts";
import { type Preprocess, readLabels, readPreprocess } from "./preprocess.ts";

/** Every network that a weights file can name. */
export const networks: readonly [Network, ...Network[]] = [msffResNet18];

/** What a graph of a model gives: `logits` f32 [N, classes, H, W], `classes` i32 [N, H, W], the first largest logit. */
export type ModelOutput = "logits" | "classes";

/** An open weights file whose metadata names its network. */
export interface ModelFile {
  /** The file's name, for messages. */
  readonly name: string;
  readonly weights: SafetensorsFile;
  readonly network: Network;
  readonly options: object;
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
      throw new FormatError(`${name}: metadata "atrous.network" is "${networkName}", expected one of ${known}`);
    return {
      name,
      weights,
      network,
      options: network.options(metadataJson(weights, "atrous.options") ?? {}, `${name}: metadata "atrous.options"`),
      labels: readLabels(metadataJson(weights, "atrous.labels"), `${name}: metadata "atrous.labels"`),
      preprocess: readPreprocess(metadataJson(weights, "atrous.preprocess"), `${name}: metadata "atrous.preprocess"`),
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
 * Builds a model's graph for images of one shape, [N, C, H, W], and checks that the file holds just its parameters.
 * Throws ShapeError for the shape, FormatError for missing, unexpected and misshapen tensors.
 */
export function buildModelGraph(file: ModelFile, shape: Shape, outputs: readonly ModelOutput[]): Graph {
  if (shape.length !== 4) throw new FormatError(`image shape is ${formatShape(shape)}, expected [N, C, H, W]`);
  const b = new GraphBuilder();
  const image = b.input("image", shape);
  const logits = file.network.build(b, image, file.options);
  for (const output of outputs) {
    b.output(output, output === "logits" ? logits : b.apply(argmax, [logits], { axis: 1 }, { name: "classes" }));
  }
  const graph = b.build();
  checkEntries(file.weights, new Map(graph.parameters.map(({ name, type }) => [name, type.shape])));
  return graph;
}
