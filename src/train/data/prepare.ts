// From a slice as a file holds it to what the network sees and what it should say.
import { applyScaling, momentsOf, type Normalization, scalingOf } from "../../models/preprocess.ts";
import { resampleSlice, type SliceSize } from "../../segment/resample.ts";
import { type Augmentation, augmentIntensity } from "./augment.ts";
import { createWarp, frameOf, identityPose } from "./geometry.ts";
import { applyGamma } from "./intensity.ts";
import type { ResolvedDataOptions } from "./options.ts";
import { sampleImage, sampleLabels } from "./resample.ts";

/** Grey values and targets of one slice, [height, width]. */
export interface TargetSlice extends SliceSize {
  /** Distance to the next slice of the volume; undefined for a picture. */
  readonly sliceMm?: number | undefined;
  readonly image: Float32Array;
  readonly targets: Uint32Array;
}

/** One sample, [...size]. */
export interface Sample {
  /** Normalised; 0 outside of the slice, which is what the segmenter pads with. */
  readonly image: Float32Array;
  readonly labels: Uint32Array;
  /** Distance of rows and of columns of the image; undefined where a dataset does not know it. Augmentation does not count. */
  readonly spacingMm?: readonly [row: number, column: number] | undefined;
  /** Distance to the next slice of the volume; undefined for a picture. */
  readonly sliceMm?: number | undefined;
}

/**
 * Without augmentation exactly what the segmenter does: resample, normalise, place. With it, grey
 * values and labels are resampled once, and normalised by the same statistics.
 */
export function prepareSlice(
  slice: TargetSlice,
  options: Omit<ResolvedDataOptions, "normalize"> & { readonly normalize: Normalization },
  outside: number,
  augmentation?: Augmentation,
): Sample {
  const size = [slice.height, slice.width] as const;
  const frame = frameOf(slice, options);
  const isResampled = frame.resampled[0] !== size[0] || frame.resampled[1] !== size[1];
  const grey =
    augmentation && augmentation.exponent !== 1 ? applyGamma(slice.image, augmentation.exponent) : slice.image;
  const resampled = isResampled ? resampleSlice(grey, size, frame.resampled) : grey;
  const scaling = scalingOf(resampled, options.normalize);

  const pose = augmentation?.pose ?? identityPose;
  const warp = createWarp(frame, size, pose);
  const labels = sampleLabels(slice.targets, size, warp, outside);
  const { image: sampled, inside } = augmentation
    ? sampleImage(grey, size, warp)
    : sampleImage(resampled, frame.resampled, createWarp(frame, frame.resampled, pose));
  const normalised = applyScaling(sampled, scaling);
  const isZScore = options.normalize === "z-score";
  const moments = () => (isZScore ? { mean: 0, deviation: 1 } : momentsOf(applyScaling(resampled, scaling)));
  const image = augmentation ? augmentIntensity(normalised, options.size, augmentation, moments()) : normalised;
  for (let n = 0; n < image.length; n++) if (inside[n] === 0) image[n] = 0;
  const spacingMm = [
    (slice.spacingMm[0] * size[0]) / frame.resampled[0],
    (slice.spacingMm[1] * size[1]) / frame.resampled[1],
  ] as const;
  return { image, labels, spacingMm, sliceMm: slice.sliceMm };
}
