// The graph around a network that takes slices at the training's spacing and returns class maps of the original size.
import { ShapeError } from "../errors.ts";
import { checkEntries } from "../formats/safetensors/index.ts";
import { GraphBuilder } from "../graph/builder.ts";
import type { Graph, Value } from "../graph/graph.ts";
import { argmax } from "../ops/argmax.ts";
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
  /** Input `slices` f32 [batch, 1, ...resampled], z-scores; output `classes` i32 [batch, height, width]. */
  readonly graph: Graph;
  /** Rows and columns at the training's spacing; those of the slice where that is its spacing. */
  readonly resampled: readonly [height: number, width: number];
  /** Rows and columns that the network sees. */
  readonly padded: readonly [height: number, width: number];
}

/** Longest side of a slice in pixels, before and after resampling; the maps of larger ones fit no GPU. */
export const longestSide = 8192;

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
): SegmentGraph {
  const original = [size.height, size.width] as const;
  const resampled = resampledSize(size, preprocess);
  const padded = [paddedSize(resampled[0], preprocess), paddedSize(resampled[1], preprocess)] as const;
  const [bottom, right] = [padded[0] - resampled[0], padded[1] - resampled[1]];
  const isPadded = bottom > 0 || right > 0;

  const b = new GraphBuilder();
  let x = b.input("slices", [batch, 1, ...resampled]);
  if (isPadded) {
    const sides = { begin: [0, 0, 0, 0], end: [0, 0, bottom, right] };
    x = b.apply(pad, [x], { ...sides, value: preprocess.padValue }, { name: "pad" });
  }
  const channels = inputChannels(file);
  if (channels > 1) x = b.apply(concat, Array<Value>(channels).fill(x), {}, { name: "channels" });
  let logits = file.network.build(b, x, file.options);
  if (isPadded) {
    logits = b.apply(slice, [logits], { axes: [2, 3], starts: [0, 0], ends: resampled }, { name: "crop" });
  }
  if (resampled[0] !== original[0] || resampled[1] !== original[1]) {
    logits = b.apply(resize2d, [logits], { size: original, mode: "bilinear" }, { name: "resample" });
  }
  b.output("classes", b.apply(argmax, [logits], { axis: 1 }, { name: "classes" }));
  const graph = b.build();
  checkEntries(file.weights, new Map(graph.parameters.map(({ name, type }) => [name, type.shape])));
  return { graph, resampled, padded };
}

/** Channels of a model's image. */
export function inputChannels({ options }: Pick<ModelFile, "options">): number {
  return "inChannels" in options && typeof options.inChannels === "number" ? options.inChannels : 1;
}

function resampledSize({ height, width, spacingMm }: SliceSize, { spacingMm: target }: Preprocess): [number, number] {
  requireSide("height", height);
  requireSide("width", width);
  const resample = (side: "height" | "width", size: number, spacing: number) => {
    const pixels = Math.max(1, roundHalfEven((size * spacing) / target));
    requireSide(side, pixels, ` at ${target} mm, got ${size} of ${spacing} mm`);
    return pixels;
  };
  return [resample("height", height, spacingMm[0]), resample("width", width, spacingMm[1])];
}

function requireSide(side: "height" | "width", pixels: number, found = ""): void {
  if (pixels <= longestSide) return;
  const kind = side === "height" ? "tall" : "wide";
  throw new ShapeError(`segment: slices are ${pixels} pixels ${kind}${found}, expected at most ${longestSide}`);
}

/** As Python rounds, so that sizes are those of the training. */
function roundHalfEven(value: number): number {
  const low = Math.floor(value);
  if (value - low !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}
