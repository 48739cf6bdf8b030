// Any weights of a network on any dataset: what `atrous evaluate` computes.
import { join } from "node:path";
import { checkEntries, openSafetensors, type SafetensorsFile } from "../formats/safetensors/index.ts";
import { fileSource } from "../formats/source-file.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { GraphBuilder } from "../graph/builder.ts";
import { compile } from "../graph/compile.ts";
import type { Graph, Value } from "../graph/graph.ts";
import { inputChannels } from "../models/segment-graph.ts";
import { weightsFor } from "../models/weights.ts";
import { argmax } from "../ops/argmax.ts";
import { concat } from "../ops/concat.ts";
import { isParameter } from "./checkpoint-node.ts";
import { networkOf, type TrainConfig } from "./config.ts";
import type { Dataset, Sample } from "./dataset.ts";
import { drawOverlays, type Overlays } from "./overlay.ts";
import { type SegmentBatch, type ValidationResult, validate } from "./validate.ts";

export interface EvaluateOptions {
  readonly dataset: Dataset;
  /** Weights or a checkpoint of the network that the configuration names. */
  readonly weights: string;
  /** Whether the worst and the best images are drawn. Default false. */
  readonly overlays?: boolean;
  /** Called as kernels are compiled. */
  readonly onCompile?: (done: number, total: number) => void;
  /** Called as images are done. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Evaluation {
  readonly result: ValidationResult;
  readonly overlays: Overlays;
}

/** The file in which a training keeps its best weights; `base` is the configuration's folder. */
export function bestWeights({ output }: TrainConfig, base: string): string {
  return join(base, output, "best.safetensors");
}

/**
 * Segments a dataset and measures the result.
 * Throws FormatError for weights that do not fit the network, ShapeError for images that it cannot take, UsageError for labels that
 * do not fit the classes, DeviceError for the GPU.
 */
export async function evaluate(gpu: Gpu, config: TrainConfig, options: EvaluateOptions): Promise<Evaluation> {
  const { dataset, onProgress } = options;
  const weights = await openSafetensors(await fileSource(options.weights));
  try {
    const graph = buildGraph(config, dataset, weights);
    const compiled = await compile(gpu, graph, {
      ...weightsFor(gpu, weights),
      precision: config.precision,
      ...(options.onCompile && { onProgress: options.onCompile }),
    });
    try {
      const segment: SegmentBatch = async (samples) => {
        const shape = [config.batch, 1, ...dataset.imageSize];
        const { classes } = await compiled.run({ images: { shape, data: joinImages(samples, config.batch) } });
        return { maps: splitMaps(classes!.data, samples.length, dataset.imageSize) };
      };
      const { classNames: classes, batch } = config;
      const result = await validate(segment, dataset, { classes, batch, ...(onProgress && { onProgress }) });
      const none = { worst: [], best: [] };
      return { result, overlays: options.overlays ? await drawOverlays(segment, dataset, result.images) : none };
    } finally {
      await compiled.dispose();
    }
  } finally {
    await weights.close();
  }
}

/** images [batch, 1, H, W], repeated for each channel of the network, to classes [batch, H, W]. */
function buildGraph(config: TrainConfig, { imageSize }: Dataset, weights: SafetensorsFile): Graph {
  const { network, options } = networkOf(config);
  const b = new GraphBuilder();
  const images = b.input("images", [config.batch, 1, ...imageSize]);
  const channels = inputChannels({ options });
  const repeated =
    channels > 1 ? b.apply(concat, Array<Value>(channels).fill(images), {}, { name: "channels" }) : images;
  const logits = network.build(b, repeated, options);
  b.output("classes", b.apply(argmax, [logits], { axis: 1 }, { name: "classes" }));
  const graph = b.build();
  const expected = new Map(graph.parameters.map(({ name, type }) => [name, type.shape]));
  checkEntries(weights, expected, { allowUnexpected: (name) => !isParameter(name) });
  return graph;
}

/** One array of all images; the last one fills the places that are left. */
function joinImages(samples: readonly Sample[], batch: number): Float32Array {
  const pixels = samples[0]!.image.length;
  const data = new Float32Array(batch * pixels);
  for (let n = 0; n < batch; n++) data.set(samples[Math.min(n, samples.length - 1)]!.image, n * pixels);
  return data;
}

function splitMaps<T extends { subarray(from: number, to: number): T }>(
  data: T,
  count: number,
  [height, width]: Dataset["imageSize"],
): T[] {
  const pixels = height * width;
  return Array.from({ length: count }, (_, n) => data.subarray(n * pixels, (n + 1) * pixels));
}
