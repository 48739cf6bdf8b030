// The network of a configuration, compiled to segment batches of validation images and to tell their loss.
import type { Gpu } from "../../gpu/gpu.ts";
import { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Graph } from "../../graph/ir/graph.ts";
import { type CompileOptions, compile } from "../../graph/run/compile.ts";
import { classMap } from "../../models/class-map.ts";
import { networkOf, type TrainConfig } from "../config/config.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Sample } from "../data/prepare.ts";
import { ignoredTarget } from "../data/targets.ts";
import { appendLoss, appendNetwork } from "./network.ts";
import type { SegmentBatch } from "./validate.ts";

export interface BatchSegmenter {
  readonly segment: SegmentBatch;
  dispose(): Promise<void>;
}

/** Outputs: `classes` [batch, H, W], and the scalar `loss`. */
export function segmenterGraph(config: TrainConfig, { imageSize }: Pick<Dataset, "imageSize">): Graph {
  const b = new GraphBuilder();
  const heads = appendNetwork(b, config, imageSize);
  b.output("classes", classMap(b, heads.logits, networkOf(config)));
  b.output("loss", appendLoss(b, config, heads));
  return b.build();
}

/** Rejects with DeviceError, and with what `parameter` throws. */
export async function compileSegmenter(
  gpu: Gpu,
  config: TrainConfig,
  dataset: Dataset,
  options: Pick<CompileOptions, "parameter" | "halfParameters" | "onProgress">,
): Promise<BatchSegmenter> {
  const graph = segmenterGraph(config, dataset);
  const compiled = await compile(gpu, graph, { ...options, precision: config.precision });
  const { batch } = config;
  const [height, width] = dataset.imageSize;
  const ignored = ignoredTarget(dataset.targets);
  return {
    async segment(samples) {
      const images = { shape: [batch, 1, height, width], data: joinImages(samples, batch) };
      const labels = { shape: [batch, height, width], data: joinLabels(samples, batch, ignored) };
      const { classes, loss } = await compiled.run({ images, labels });
      const maps = samples.map((_, n) => classes!.data.subarray(n * height * width, (n + 1) * height * width));
      return { maps, loss: loss!.data[0]! };
    },
    dispose: () => compiled.dispose(),
  };
}

/** One array of all images; the last one fills the places that are left. */
function joinImages(samples: readonly Sample[], batch: number): Float32Array {
  const pixels = samples[0]!.image.length;
  const data = new Float32Array(batch * pixels);
  for (let n = 0; n < batch; n++) data.set(samples[Math.min(n, samples.length - 1)]!.image, n * pixels);
  return data;
}

/** One array of all labels; places that are left do not count. */
function joinLabels(samples: readonly Sample[], batch: number, ignored: number): Uint32Array {
  const pixels = samples[0]!.labels.length;
  const data = new Uint32Array(batch * pixels).fill(ignored);
  samples.forEach(({ labels }, n) => {
    data.set(labels, n * pixels);
  });
  return data;
}
