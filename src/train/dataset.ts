// What validation and evaluation need of a dataset.
import type { Targets } from "./metrics.ts";

/** One image as the network gets it. */
export interface Sample {
  /** [H * W], normalised. */
  readonly image: Float32Array;
  /** [H * W]: class indices or sets of classes, see {@link Targets}. */
  readonly labels: Uint32Array;
}

export interface Dataset {
  /** Number of images. */
  readonly size: number;
  /** Height and width of every image. */
  readonly imageSize: readonly [height: number, width: number];
  /** Of each image, unique. */
  readonly ids: readonly string[];
  /** Of each image: whom it shows. */
  readonly subjects: readonly string[];
  readonly targets: Targets;
  /** Without augmentation. */
  sample(index: number): Promise<Sample>;
}
