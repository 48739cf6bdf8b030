// Any weights of a network on any dataset: what `atrous evaluate` computes.
import { join } from "node:path";
import { checkEntries, openSafetensors } from "../../formats/safetensors/index.ts";
import { fileSource } from "../../formats/source/file.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { weightsFor } from "../../models/weights.ts";
import { callback, checkOptions, flag, type Rules, record, word } from "../../options.ts";
import { defaultMeasures, type MeasureOptions, measureRules } from "../../segment/surface-metrics.ts";
import type { TrainConfig } from "../config/config.ts";
import type { Dataset } from "../data/dataset.ts";
import type { ValidationResult } from "../loop/results.ts";
import { compileSegmenter, segmenterGraph } from "../loop/segmenter.ts";
import { validate } from "../loop/validate.ts";
import { drawOverlays, type Overlays } from "../report/overlay.ts";
import { isParameter } from "./checkpoint.ts";
import { within } from "./paths.ts";

/** What `evaluate` measures, and whom it tells. */
export interface EvaluateOptions {
  readonly dataset: Dataset;
  /** Weights or a checkpoint of the network that the configuration names. */
  readonly weights: string;
  /** In place of what the configuration says under `validation`. */
  readonly measures?: MeasureOptions;
  /** Whether distances are measured, of images and of volumes. Default true. */
  readonly surfaces?: boolean;
  /** Whether the worst and the best images are drawn. Default false. */
  readonly overlays?: boolean;
  /** Called as kernels are compiled. */
  readonly onCompile?: (done: number, total: number) => void;
  /** Called as images are done. */
  readonly onProgress?: (done: number, total: number) => void;
}

const evaluateRules: Rules<EvaluateOptions> = {
  dataset: record,
  weights: word,
  measures: record,
  surfaces: flag,
  overlays: flag,
  onCompile: callback,
  onProgress: callback,
};

/** What `evaluate` measured. */
export interface Evaluation {
  readonly result: ValidationResult;
  /** How masks were measured. */
  readonly measures: Required<MeasureOptions>;
  readonly overlays: Overlays;
}

/** The file in which a training keeps its best weights; `base` is the configuration's folder. */
export function bestWeights({ output }: TrainConfig, base: string): string {
  return join(within(base, output), "best.safetensors");
}

/**
 * Segments a dataset and measures the result.
 * Throws FormatError for weights that do not fit the network, ShapeError for images that it cannot take, UsageError for labels that
 * do not fit the classes, DeviceError for the GPU.
 */
export async function evaluate(gpu: Gpu, config: TrainConfig, options: EvaluateOptions): Promise<Evaluation> {
  const { dataset, onProgress, surfaces = true } = checkOptions("evaluate", options, evaluateRules);
  const asked = checkOptions("evaluate: measures", options.measures ?? {}, measureRules);
  const weights = await openSafetensors(await fileSource(options.weights));
  try {
    const { parameters } = segmenterGraph(config, dataset);
    const expected = new Map(parameters.map(({ name, type }) => [name, type.shape]));
    checkEntries(weights, expected, { allowUnexpected: (name) => !isParameter(name) });
    const segmenter = await compileSegmenter(gpu, config, dataset, {
      ...weightsFor(gpu, weights),
      ...(options.onCompile && { onProgress: options.onCompile }),
    });
    try {
      const { classNames: classes, batch, validation } = config;
      const { segment } = segmenter;
      const measures = {
        toleranceMm: asked.toleranceMm ?? validation.toleranceMm ?? defaultMeasures.toleranceMm,
        emptyIsPerfect: asked.emptyIsPerfect ?? validation.emptyIsPerfect ?? defaultMeasures.emptyIsPerfect,
      };
      const told = { surfaces, ...measures, ...(onProgress && { onProgress }) };
      const result = await validate(segment, dataset, { classes, batch, ...told });
      const none = { worst: [], best: [] };
      return {
        result,
        measures,
        overlays: options.overlays ? await drawOverlays(segment, dataset, result.images) : none,
      };
    } finally {
      await segmenter.dispose();
    }
  } finally {
    await weights.close();
  }
}
