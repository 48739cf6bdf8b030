// Segments every image of a dataset and measures each: what the training's validation and `atrous evaluate` share.
import { UsageError } from "../../errors.ts";
import { callback, checkOptions, names, numeric, record } from "../../options.ts";
import type { CsvField } from "../../report/csv.ts";
import {
  addCounts,
  type ClassCounts,
  type ClassMetrics,
  countPixels,
  meanDefined,
  meanOverForeground,
  measureClass,
  metricNames,
} from "../../segment/metrics.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Sample } from "../data/prepare.ts";

/** Class maps of some samples, [H * W] each, and the mean loss of these samples where it is known. */
export interface Segmented {
  readonly maps: readonly ArrayLike<number>[];
  readonly loss?: number;
}

/** Runs the network on one batch. */
export type SegmentBatch = (samples: readonly Sample[]) => Promise<Segmented>;

/** How well one image is predicted. */
export interface ImageResult {
  readonly index: number;
  readonly id: string;
  readonly subject: string;
  /** Background first. */
  readonly counts: readonly ClassCounts[];
  readonly classes: readonly ClassMetrics[];
  readonly mean: ClassMetrics;
}

/** How well one class is predicted over many images. */
export interface ClassResult extends ClassMetrics {
  readonly name: string;
  readonly counts: ClassCounts;
  /** Each metric per image, averaged over the images where it is defined. */
  readonly perImage: ClassMetrics;
  /** Images in which the DSC is defined. */
  readonly images: number;
}

/** How well a network predicts the images of a dataset. */
export interface ValidationResult {
  /** Over the pixels of all images together, background first. */
  readonly classes: readonly ClassResult[];
  /** Mean over the classes but the background. */
  readonly mean: ClassMetrics;
  /** Mean over the images; undefined where the network gave none. */
  readonly loss: number | undefined;
  readonly images: readonly ImageResult[];
}

export interface ValidateOptions {
  /** Names of the classes, background first. */
  readonly classes: readonly string[];
  readonly batch: number;
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
  const rules = { classes: names, batch: numeric, onProgress: callback, signal: record };
  const { classes, batch, onProgress, signal } = checkOptions("validate", options, rules);
  if (dataset.size === 0) throw new UsageError("validation: the dataset has no images");
  const images: ImageResult[] = [];
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
      images.push(measureImage(dataset, index, samples[i]!, maps[i]!, classes.length));
    });
    onProgress?.(images.length, dataset.size);
  }
  const loss = lossSum === undefined ? undefined : lossSum / dataset.size;
  return { ...poolImages(images, classes), loss, images };
}

function measureImage(
  dataset: Dataset,
  index: number,
  { labels }: Sample,
  map: ArrayLike<number>,
  classCount: number,
): ImageResult {
  const [id, subject] = [dataset.ids[index]!, dataset.subjects[index]!];
  try {
    const counts = countPixels(map, labels, { classes: classCount, targets: dataset.targets });
    const classes = counts.map(measureClass);
    return { index, id, subject, counts, classes, mean: meanOverForeground(classes) };
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${id}: ${error.message}`);
    throw error;
  }
}

function poolImages(
  images: readonly ImageResult[],
  classNames: readonly string[],
): Pick<ValidationResult, "classes" | "mean"> {
  const classes = addCounts(images.map(({ counts }) => counts)).map((counts, c): ClassResult => {
    const mean = (name: keyof ClassMetrics) => meanDefined(images.map((image) => image.classes[c]![name]));
    const perImage = { dsc: mean("dsc"), iou: mean("iou"), precision: mean("precision"), recall: mean("recall") };
    const defined = images.filter((image) => image.classes[c]!.dsc !== undefined).length;
    return { name: classNames[c]!, ...measureClass(counts), counts, perImage, images: defined };
  });
  return { classes, mean: meanOverForeground(classes) };
}

/** The images with the best or the worst mean DSC first; those without one are left out. */
export function rankImages(images: readonly ImageResult[], first: "best" | "worst"): ImageResult[] {
  const sign = first === "best" ? -1 : 1;
  const measured = images.filter(({ mean }) => mean.dsc !== undefined);
  return measured.toSorted((a, b) => sign * (a.mean.dsc! - b.mean.dsc!) || a.index - b.index);
}

/** One row for each image and class; an undefined metric is an empty field. */
export function imageRows({ images, classes }: ValidationResult): CsvField[][] {
  const title = ["image", "subject", "class", "name", "truePositive", "falsePositive", "falseNegative", ...metricNames];
  const rows = images.flatMap(({ id, subject, counts, classes: metrics }) =>
    counts.map(({ truePositive, falsePositive, falseNegative }, c) => [
      id,
      subject,
      c,
      classes[c]!.name,
      truePositive,
      falsePositive,
      falseNegative,
      ...metricNames.map((name) => metrics[c]![name]),
    ]),
  );
  return [title, ...rows];
}
