// What a training draws from: samples by number, each a pure function of (seed, epoch, index).

import type { TargetKind } from "../../segment/metrics.ts";
import type { Draw } from "./augment.ts";
import type { DatasetRecipe } from "./file-dataset.ts";
import type { Size } from "./geometry.ts";
import type { Sample } from "./prepare.ts";

/** Images with labels, prepared one by one. */
export interface Dataset {
  /** Number of samples. */
  readonly size: number;
  /** Height and width of each image. */
  readonly imageSize: Size;
  /** Name of each sample: `VB1/02_28`. */
  readonly ids: readonly string[];
  /** Whose each sample is: `VB1/02`. */
  readonly subjects: readonly string[];
  readonly targets: TargetKind;
  /** As the network sees it at inference; with `draw`, augmented. */
  sample(index: number, draw?: Draw): Promise<Sample>;
  /** Which samples lie on one another; without it, images are measured by themselves and by subject. */
  readonly stacks?: readonly Stack[] | undefined;
  /** Where several samples come out of one file that is slow to open: which to draw close together. */
  readonly locality?: Locality | undefined;
  /** What opens the same dataset on a thread; without it, samples are prepared on the main thread only. */
  readonly recipe?: DatasetRecipe | undefined;
}

/** The slices of a volume, or the pictures of a subject. */
export interface Stack {
  readonly id: string;
  readonly subject: string;
  /** In the order in which they lie. */
  readonly samples: readonly number[];
  /** Number of each slice in its volume; undefined for pictures, of which nobody knows how far they are apart. */
  readonly positions: readonly number[] | undefined;
}

export interface Locality {
  /** File of each sample. */
  readonly files: readonly number[];
  /** Of each file, decoded. */
  readonly bytes: readonly number[];
  /** Files that are held at one time take no more than this. */
  readonly budgetBytes: number;
}
