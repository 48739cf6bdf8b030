// The graph around a network that takes slices as a scanner gives them and returns class maps of the same size.
import { ShapeError } from "../errors.ts";
import { checkEntries } from "../formats/safetensors/index.ts";
import { GraphBuilder } from "../graph/builder.ts";
import type { Graph, Value } from "../graph/graph.ts";
import { argmax } from "../ops/argmax.ts";
import { averagePool2d } from "../ops/average-pool.ts";
import { add, div, mul, sub } from "../ops/arithmetic.ts";
import { concat } from "../ops/concat.ts";
import { pad } from "../ops/pad.ts";
import { resize2d } from "../ops/resize.ts";
import { slice } from "../ops/slice.ts";
import type { ModelFile } from "./model-file.ts";
import { type Preprocess, paddedSize } from "./preprocess.ts";

/** Slices that one graph is compiled for. */
export interface SliceSize {
  readonly height: number;
  readonly width: number;
  /** Distance between rows and between columns. */
  readonly spacingMm: readonly [row: number, column: number];
}

export interface SegmentGraph {
  /** Input `slices` f32 [batch, 1, height, width], z-scores; output `classes` i32 [batch, height, width]. */
  readonly graph: Graph;
  /** Rows and columns after resampling to the training's spacing; those of the slice where that is its spacing. */
  readonly resampled: readonly [height: number, width: number];
  /** Rows and columns that the network sees. */
  readonly padded: readonly [height: number, width: number];
}

/** Longest side of a slice, before and after resampling: the network's maps of larger ones fit no GPU. */
export const longestSide = 8192;

/**
 * Builds slices -> resample to the training's spacing -> pad -> repeat per channel -> network -> crop -> resample the
 * logits back -> argmax. What the spacing does not need is left out.
 * Throws ShapeError for slices that are too large, FormatError where the file does not hold the network's parameters.
 */
export function buildSegmentGraph(file: ModelFile, preprocess: Preprocess, size: SliceSize, batch: number): SegmentGraph {
  const original = [size.height, size.width] as const;
  const resampled = resampledSize(size, preprocess);
  const padded = [paddedSize(resampled[0], preprocess), paddedSize(resampled[1], preprocess)] as const;
  const isResampled = resampled[0] !== original[0] || resampled[1] !== original[1];

  const b = new GraphBuilder();
  let x = b.input("slices", [batch, 1, ...original]);
  if (isResampled) {
    x = b.apply(resize2d, [x], { size: resampled, mode: "bilinear" }, { name: "resample" });
    x = normalize(b, x);
  }
  const [bottom, right] = [padded[0] - resampled[0], padded[1] - resampled[1]];
  if (bottom > 0 || right > 0) {
    const padding = [0, 0, bottom, right] as const;
    x = b.apply(pad, [x], { padding, mode: "constant", value: preprocess.padValue }, { name: "pad" });
  }
  const channels = inputChannels(file);
  if (channels > 1) x = b.apply(concat, Array<Value>(channels).fill(x), {}, { name: "channels" });
  let logits = file.network.build(b, x, file.options);
  if (bottom > 0 || right > 0) {
    logits = b.apply(slice, [logits], { start: [0, 0, 0, 0], end: [batch, classesOf(logits), ...resampled] }, { name: "crop" });
  }
  if (isResampled) {
    logits = b.apply(resize2d, [logits], { size: original, mode: "bilinear" }, { name: "resample.back" });
  }
  b.output("classes", b.apply(argmax, [logits], { axis: 1 }, { name: "classes" }));
  const graph = b.build();
  checkEntries(file.weights, new Map(graph.parameters.map(({ name, type }) => [name, type.shape])));
  return { graph, resampled, padded };
}
