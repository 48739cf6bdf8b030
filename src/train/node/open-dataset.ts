// Opens the data of a configuration: lists files, looks at their beginnings, splits by subject. No pixel is read, but for
// volumes of which only labelled slices are wanted, and for the statistics of masks.
import { resolve } from "node:path";
import { FormatError, UsageError } from "../../errors.ts";
import { readText } from "../../formats/source/text.ts";
import type { Dataset } from "../data/dataset.ts";
import { type DatasetRecipe, FileDataset, type SampleEntry } from "../data/file-dataset.ts";
import {
  type DataOptions,
  parseDataOptions,
  type ResolvedDataOptions,
  type SliceAxis,
  type SourceOptions,
} from "../data/options.ts";
import { inspectScan, isNifti, readScan, type ScanFile } from "../data/scan.ts";
import { type Part, parseSplitFile, splitSubjects } from "../data/split.ts";
import { highestClass, readLabelRanges, targetKindOf } from "../data/targets.ts";
import { type ListedPair, listSource } from "./listing.ts";
import { withStatistics } from "./measure-masks.ts";

export interface OpenDataOptions {
  /** Folder that paths are relative to. Default: the process's. */
  readonly base?: string;
}

/** The datasets that a configuration's key `data` names. */
export interface OpenedData {
  readonly train: Dataset;
  readonly validation: Dataset;
  /** Classes that labels name, counted from 0: the highest and 1. */
  readonly classes: number;
}

type File = DatasetRecipe["files"][number];

/**
 * Throws UsageError for options and patterns that name nothing or too much, FormatError for files that are missing, or not
 * what they should be. Each message begins with the key or the file.
 */
export async function openDataset(options: DataOptions, { base = "." }: OpenDataOptions = {}): Promise<OpenedData> {
  const resolved = parseDataOptions(options);
  const classes = resolved.sources.map((source, n) => readLabelRanges(source.classes, `data.sources[${n}].classes`));
  const targets = [resolved.outside, ...classes.flat().map(({ target }) => target)];
  const { files, samples } = await listSamples(resolved, base);
  const parts = await splitSamples(samples, resolved, base);
  const recipeOf = (part: Part): DatasetRecipe => {
    const own = samples.filter(({ subject }) => parts.get(subject) === part);
    return { options: resolved, targets: targetKindOf(targets), classes, ...onlyUsed(files, own) };
  };
  const own = recipeOf("train");
  if (own.samples.length === 0) throw new UsageError("data.split: got no subject to train on, expected at least one");
  const train = await withStatistics(own);
  const { statistics } = train;
  const validation = { ...recipeOf("validation"), ...(statistics && { statistics }) };
  return {
    train: new FileDataset(train),
    validation: new FileDataset(validation),
    classes: 1 + highestClass(targets),
  };
}

async function listSamples(
  options: ResolvedDataOptions,
  base: string,
): Promise<{ files: File[]; samples: SampleEntry[] }> {
  const files: File[] = [];
  const samples: SampleEntry[] = [];
  const named = new Map<string, string>();
  for (const [n, source] of options.sources.entries()) {
    const where = `data.sources[${n}]`;
    const pairs = await listSource(source, where, base);
    requireUsedOptions(source, pairs, where);
    for (const pair of pairs) {
      const axes = axesOf(source, pair);
      for (const axis of axes) {
        const file = { ...scanFile(pair, source, n), axis };
        const { slices, bytes } = await inspectScan(file);
        const name = axes.length > 1 ? `${pair.name}_${axis}` : pair.name;
        for (const slice of await chooseSlices(file, source, slices)) {
          const id = isNifti(pair.image) ? `${name}_${String(slice).padStart(3, "0")}` : name;
          const other = named.get(id);
          if (other !== undefined) throw new UsageError(`${where}: ${other} and ${pair.image} are both called ${id}`);
          named.set(id, pair.image);
          samples.push({ id, subject: pair.subject, file: files.length, slice });
        }
        files.push({ ...file, bytes });
      }
    }
  }
  return { files, samples };
}

/** Each plane of a volume is a file of its own, which is read by itself. */
function axesOf({ volume }: SourceOptions, { image }: ListedPair): readonly SliceAxis[] {
  const axis = isNifti(image) ? (volume?.axis ?? "sagittal") : "sagittal";
  return typeof axis === "string" ? [axis] : axis;
}

function scanFile(
  { image, labels }: ListedPair,
  { spacingMm = 1 }: SourceOptions,
  source: number,
): Omit<ScanFile, "axis"> {
  const extension = isNifti(image) ? /\.nii(\.gz)?$/i : /\.png$/i;
  for (const path of [image, labels]) {
    if (extension.test(path)) continue;
    throw new FormatError(`${path}: expected PNG or NIfTI files (.png, .nii, .nii.gz), image and labels alike`);
  }
  return { image, labels, spacingMm, source };
}

/** Options of files that the source does not have would do nothing. */
function requireUsedOptions({ spacingMm, volume }: SourceOptions, pairs: readonly ListedPair[], where: string): void {
  if (volume !== undefined && !pairs.some(({ image }) => isNifti(image))) {
    throw new UsageError(`${where}.volume: got no NIfTI file that it applies to`);
  }
  if (spacingMm !== undefined && pairs.every(({ image }) => isNifti(image))) {
    throw new UsageError(`${where}.spacingMm: got no PNG file that it applies to, NIfTI files state theirs`);
  }
}

async function chooseSlices(file: ScanFile, { volume }: SourceOptions, slices: number): Promise<number[]> {
  const { every = 1, labelled = false } = isNifti(file.image) ? (volume ?? {}) : {};
  const chosen = Array.from({ length: Math.ceil(slices / every) }, (_, n) => n * every);
  if (!labelled) return chosen;
  const scan = await readScan(file);
  return chosen.filter((n) => Array.prototype.some.call(scan.slice(n).labels, (label: number) => label !== 0));
}

async function splitSamples(samples: readonly SampleEntry[], { split }: ResolvedDataOptions, base: string) {
  const path = split.file === undefined ? undefined : resolve(base, split.file);
  const lists = path === undefined ? undefined : parseSplitFile(await readText(path), path);
  return splitSubjects(
    samples.map(({ subject }) => subject),
    split,
    lists,
  );
}

/** Threads need to know of their own files only. */
function onlyUsed(files: readonly File[], samples: readonly SampleEntry[]): { files: File[]; samples: SampleEntry[] } {
  const used = [...new Set(samples.map(({ file }) => file))];
  const place = new Map(used.map((file, n) => [file, n]));
  return {
    files: used.map((file) => files[file]!),
    samples: samples.map((sample) => ({ ...sample, file: place.get(sample.file)! })),
  };
}
