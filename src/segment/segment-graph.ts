// The graph around a network that takes slices at the training's spacing and returns class maps of the original size.
import { GraphBuilder } from "../graph/ir/builder.ts";
import type { Graph } from "../graph/ir/graph.ts";
import { repeatChannels } from "../models/blocks/layers.ts";
import { classMap } from "../models/class-map.ts";
import { chooseLogits, type HeadOptions } from "../models/heads.ts";
import { appendHeads, type ModelFile } from "../models/model-file.ts";
import { type Preprocess, paddedSize } from "../models/preprocess.ts";
import { pad, slice } from "../ops/move/slice-pad.ts";
import { resize2d } from "../ops/sample/resize.ts";
import { resampledSize, type SliceSize } from "./resample.ts";

export interface SegmentGraph {
  /** Input `slices` f32 [batch, 1, ...resampled], z-scores; output `classes` i32 [batch, height, width]. */
  readonly graph: Graph;
  /** Rows and columns at the training's spacing; those of the slice where that is its spacing. */
  readonly resampled: readonly [height: number, width: number];
  /** Rows and columns that the network sees. */
  readonly padded: readonly [height: number, width: number];
}

/**
 * Builds slices -> pad -> repeat per channel -> network -> crop -> resample the logits to the original size -> argmax.
 * What the size does not need is left out.
 * Throws ShapeError for slices that are too large, FormatError where the file does not hold the network's parameters.
 */
export function buildSegmentGraph(
  file: ModelFile,
  preprocess: Preprocess,
  size: SliceSize,
  batch: number,
  chosen: HeadOptions = {},
): SegmentGraph {
  const original = [size.height, size.width] as const;
  const resampled = resampledSize(size, preprocess.spacingMm);
  const padded = [paddedSize(resampled[0], preprocess), paddedSize(resampled[1], preprocess)] as const;
  const [bottom, right] = [padded[0] - resampled[0], padded[1] - resampled[1]];
  const isPadded = bottom > 0 || right > 0;

  const b = new GraphBuilder();
  let x = b.input("slices", [batch, 1, ...resampled]);
  if (isPadded) {
    const sides = { begin: [0, 0, 0, 0], end: [0, 0, bottom, right] };
    x = b.apply(pad, [x], { ...sides, value: preprocess.padValue }, { name: "pad" });
  }
  const heads = appendHeads(b, repeatChannels(b, x, file.options.inChannels), file);
  let logits = chooseLogits(b, heads, chosen);
  if (isPadded) {
    logits = b.apply(slice, [logits], { axes: [2, 3], starts: [0, 0], ends: resampled }, { name: "crop" });
  }
  if (resampled[0] !== original[0] || resampled[1] !== original[1]) {
    logits = b.apply(resize2d, [logits], { size: original, mode: "bilinear" }, { name: "resample" });
  }
  b.output("classes", classMap(b, logits, file));
  return { graph: b.build(), resampled, padded };
}
