// Samples as a person looks at them, to see that masks follow images and that augmentation stays plausible.
import { checkOptions, flag, numeric } from "../../options.ts";
import type { Draw } from "./augment.ts";
import type { Dataset } from "./dataset.ts";
import { shuffledOrder } from "./order.ts";
import type { Sample } from "./prepare.ts";
import { singleClass } from "./targets.ts";

/** An image as the network sees it, augmented, with its labels. */
export interface PreviewSample {
  readonly id: string;
  readonly height: number;
  readonly width: number;
  /** Normalised grey values. */
  readonly grey: Float32Array;
  /** Class of each pixel; 0 where it counts nowhere or may be of several. */
  readonly classes: Uint8Array;
}

export interface PreviewOptions extends Draw {
  /** How many samples; all where there are fewer. */
  readonly count: number;
  /** As the training sees them, or as they are. Default true. */
  readonly augmented?: boolean;
}

/** The first samples of an epoch, in its order. Throws what the dataset throws. */
export async function previewSamples(dataset: Dataset, options: PreviewOptions): Promise<readonly PreviewSample[]> {
  const rules = { seed: numeric, epoch: numeric, count: numeric, augmented: flag };
  const { seed, epoch, count, augmented = true } = checkOptions("previewSamples", options, rules);
  const [height, width] = dataset.imageSize;
  const samples: PreviewSample[] = [];
  for (const index of shuffledOrder(dataset, { seed, epoch }).slice(0, count)) {
    const { image, labels }: Sample = await dataset.sample(index, augmented ? { seed, epoch } : undefined);
    const classes = Uint8Array.from(labels, (target) => singleClass(target, dataset.targets) ?? 0);
    samples.push({ id: dataset.ids[index]!, height, width, grey: image, classes });
  }
  return samples;
}
