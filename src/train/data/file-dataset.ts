// Samples out of files.
import { UsageError } from "../../errors.ts";
import type { Normalization } from "../../models/preprocess.ts";
import type { TargetKind } from "../../segment/metrics.ts";
import { type Draw, drawAugmentation } from "./augment.ts";
import type { Dataset, Locality, Stack } from "./dataset.ts";
import type { ResolvedDataOptions } from "./options.ts";
import { prepareSlice, type Sample, type TargetSlice } from "./prepare.ts";
import { normalizationOf } from "./preprocess.ts";
import { isNifti, readScan, type ScanFile } from "./scan.ts";
import { ScanCache } from "./scan-cache.ts";
import type { MaskStatistics } from "./statistics.ts";
import { ClassMap, encodeTarget, type LabelRange } from "./targets.ts";

/** Everything that a dataset is made of; plain data, which goes to threads. */
export interface DatasetRecipe {
  readonly options: ResolvedDataOptions;
  readonly targets: TargetKind;
  /** Labels of each source. */
  readonly classes: readonly (readonly LabelRange[])[];
  readonly files: readonly (ScanFile & { readonly bytes: number; readonly statistics?: MaskStatistics })[];
  readonly samples: readonly SampleEntry[];
  /** Of all files that are trained on, where grey values are normalised within masks. */
  readonly statistics?: MaskStatistics;
}

export interface SampleEntry {
  readonly id: string;
  readonly subject: string;
  readonly file: number;
  readonly slice: number;
}

export class FileDataset implements Dataset {
  readonly recipe: DatasetRecipe;
  readonly ids: readonly string[];
  readonly subjects: readonly string[];
  readonly locality: Locality;
  /** A volume is a stack, and so are the pictures of a subject, in the order of the dataset. */
  readonly stacks: readonly Stack[];
  readonly cache: ScanCache;
  readonly #classMaps: readonly ClassMap[];
  readonly #outside: number;

  constructor(recipe: DatasetRecipe) {
    const { options, targets, classes, files, samples } = recipe;
    this.recipe = recipe;
    this.ids = samples.map(({ id }) => id);
    this.subjects = samples.map(({ subject }) => subject);
    this.cache = new ScanCache(options.cacheMiB * 2 ** 20);
    const { budgetBytes } = this.cache;
    this.locality = { files: samples.map(({ file }) => file), bytes: files.map(({ bytes }) => bytes), budgetBytes };
    this.stacks = stacksOf(recipe);
    this.#classMaps = classes.map((ranges) => new ClassMap(ranges, targets));
    this.#outside = encodeTarget(options.outside, targets);
  }

  get size(): number {
    return this.recipe.samples.length;
  }

  get imageSize() {
    return this.recipe.options.size;
  }

  get targets(): TargetKind {
    return this.recipe.targets;
  }

  /**
   * Throws UsageError where there is no such sample, FormatError for files that do not hold what they should, and for
   * a label without a class.
   */
  async sample(index: number, draw?: Draw): Promise<Sample> {
    const { options } = this.recipe;
    const slice = await this.#read(index);
    const augmentation = draw && drawAugmentation(options.augment, options.size, draw, index);
    return prepareSlice(
      slice,
      { ...options, normalize: this.#normalizationOf(index, draw) },
      this.#outside,
      augmentation,
    );
  }

  /** Masks are known in training alone. */
  #normalizationOf(index: number, draw: Draw | undefined): Normalization {
    const { options, files, samples, statistics } = this.recipe;
    const own = draw && files[samples[index]!.file]!.statistics;
    return normalizationOf(options.normalize, own ?? statistics);
  }

  async #read(index: number): Promise<TargetSlice> {
    const entry = this.recipe.samples[index];
    if (!entry) throw new UsageError(`dataset: no sample ${index}, expected 0 to ${this.size - 1}`);
    const file = this.recipe.files[entry.file]!;
    const scan = await this.cache.get(entry.file, file.bytes, () => readScan(file));
    const { labels, ...slice } = scan.slice(entry.slice);
    const targets = this.#classMaps[file.source]!.apply(
      labels,
      isNifti(file.labels) ? `${file.labels}: slice ${entry.slice}` : file.labels,
    );
    return { ...slice, targets };
  }
}

function stacksOf({ files, samples }: DatasetRecipe): Stack[] {
  const isVolume = ({ file }: SampleEntry) => isNifti(files[file]!.image);
  const stacks = new Map<number | string, number[]>();
  samples.forEach((sample, index) => {
    const key = isVolume(sample) ? sample.file : sample.subject;
    const known = stacks.get(key);
    if (known) known.push(index);
    else stacks.set(key, [index]);
  });
  return [...stacks.values()].map((indices) => {
    const first = samples[indices[0]!]!;
    const { subject } = first;
    if (!isVolume(first)) return { id: subject, subject, samples: indices, positions: undefined };
    // Slices are named for their volume and their number.
    const id = first.id.replace(/_\d+$/, "");
    return { id, subject, samples: indices, positions: indices.map((index) => samples[index]!.slice) };
  });
}
