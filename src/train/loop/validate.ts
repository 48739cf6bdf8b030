// Segments every image of a dataset and measures each: what the training's validation and `atrous evaluate` share.
import { UsageError } from "../../errors.ts";
import { callback, checkOptions, flag, names, numeric, record } from "../../options.ts";
import { type MaskMetrics, masksOf, meanOverForeground } from "../../segment/mask-metrics.ts";
import { countPixels, measureClass } from "../../segment/metrics.ts";
import { measureStack } from "../../segment/stack-metrics.ts";
import { type MeasureOptions, measureRules, noSurfaceMetrics } from "../../segment/surface-metrics.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Sample } from "../data/prepare.ts";
import { type ImageResult, poolResults, type ValidationResult, type VolumeResult } from "./results.ts";
import { VolumeCollector } from "./volumes.ts";

/** Class maps of some samples, [H * W] each, and the mean loss of these samples where it is known. */
export interface Segmented {
  readonly maps: readonly ArrayLike<number>[];
  readonly loss?: number;
}

/** Runs the network on one batch. */
export type SegmentBatch = (samples: readonly Sample[]) => Promise<Segmented>;

/** What `validate` measures, and whom it tells. */
export interface ValidateOptions extends MeasureOptions {
  /** Names of the classes, background first. */
  readonly classes: readonly string[];
  readonly batch: number;
  /** Whether distances of surfaces are measured too, of images and of volumes, which takes time. Default false. */
  readonly surfaces?: boolean;
  readonly onProgress?: (done: number, total: number) => void;
  /** Between two batches; throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Throws UsageError for an empty dataset and for maps that do not fit the labels. */
export async function validate(
  segment: SegmentBatch,
  dataset: Dataset,
  options: ValidateOptions,
): Promise<ValidationResult> {
  const {
    classes,
    batch,
    onProgress,
    signal,
    surfaces = false,
    ...measures
  } = checkOptions("validate", options, {
    classes: names,
    batch: numeric,
    surfaces: flag,
    ...measureRules,
    onProgress: callback,
    signal: record,
  });
  if (dataset.size === 0) throw new UsageError("validation: the dataset has no images");
  const images: ImageResult[] = [];
  const volumes: VolumeResult[] = [];
  const collector = surfaces ? new VolumeCollector(dataset, measures) : undefined;
  let lossSum: number | undefined = 0;
  for (let first = 0; first < dataset.size; first += batch) {
    signal?.throwIfAborted();
    const indices = Array.from({ length: Math.min(batch, dataset.size - first) }, (_, i) => first + i);
    const samples = await Promise.all(indices.map((index) => dataset.sample(index)));
    const { maps, loss } = await segment(samples);
    if (maps.length !== samples.length) {
      throw new UsageError(`validation: got ${maps.length} class maps, expected ${samples.length}`);
    }
    lossSum = loss === undefined || lossSum === undefined ? undefined : lossSum + loss * samples.length;
    indices.forEach((index, i) => {
      const [sample, map] = [samples[i]!, maps[i]!];
      const image = measureImage(dataset, { index, sample, map }, { ...measures, surfaces, classes: classes.length });
      const volume = collector?.add(sample, map, image);
      images.push(image);
      if (volume) volumes.push(volume);
    });
    onProgress?.(images.length, dataset.size);
  }
  const loss = lossSum === undefined ? undefined : lossSum / dataset.size;
  return { ...poolResults(images, volumes, { ...measures, classes }), loss, images, volumes };
}

interface Segment {
  readonly index: number;
  readonly sample: Sample;
  readonly map: ArrayLike<number>;
}

function measureImage(
  dataset: Dataset,
  { index, sample, map }: Segment,
  options: MeasureOptions & { readonly surfaces: boolean; readonly classes: number },
): ImageResult {
  const [id, subject, { targets }] = [dataset.ids[index]!, dataset.subjects[index]!, dataset];
  const { surfaces, classes: classCount, ...measures } = options;
  const { spacingMm, labels } = sample;
  try {
    const counts = countPixels(map, labels, { classes: classCount, targets });
    const classes = counts.map((pixels, label): MaskMetrics => {
      if (label === 0 || !surfaces) return { ...measureClass(pixels, measures), ...noSurfaceMetrics };
      const shape = [1, ...dataset.imageSize] as const;
      const spacing = spacingMm && ([undefined, ...spacingMm] as const);
      return measureStack({ ...masksOf(map, labels, { label, targets }), shape, spacing, counts: [pixels] }, measures);
    });
    return { index, id, subject, spacingMm, counts, classes, mean: meanOverForeground(classes) };
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${id}: ${error.message}`);
    throw error;
  }
}
