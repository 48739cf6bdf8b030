// Augmentations that a configuration can name: each with its range and its probability.
import * as z from "zod";
import { between, keys } from "../config/keys.ts";

const probability = (byDefault: number) =>
  between(0, 1).default(byDefault).describe(`Share of the samples that it changes. Default ${byDefault}.`);

/** [low, high], both included, in order. */
function range(least: number, most: number) {
  const expected = `[low, high] with ${least} <= low <= high <= ${most}`;
  const bound = z.number({ error: expected }).min(least, { error: expected }).max(most, { error: expected });
  return z.tuple([bound, bound], { error: expected }).refine(([low, high]) => low <= high, { error: expected });
}

/** A range, or d for [-d, d]. */
function symmetricRange(most: number) {
  const expected = `a number from 0 to ${most}, or [low, high] from -${most} to ${most}`;
  return z.union([between(0, most), range(-most, most)], { error: expected });
}

/**
 * A cubic B-spline whose control points move by less than this share of their distance folds nowhere.
 * Source: Choi and Lee, "Injectivity conditions of 2D and 3D uniform cubic B-spline functions", 2000: 1 / 2.046392675.
 */
const foldFreeShare = 1 / 2.046392675;

const elastic = keys({
  spacing: between(4, 512).default(32).describe("Distance between control points, in pixels. Default 32."),
  amplitude: between(0, 256)
    .default(6)
    .describe("Largest displacement of a control point along each axis, in pixels; below 0.488 x spacing. Default 6."),
  probability: probability(1),
}).superRefine(({ spacing, amplitude }, context) => {
  const most = spacing * foldFreeShare;
  if (amplitude < most) return;
  const message = `below ${most.toFixed(2)} (0.488 x spacing), so that the image does not fold over itself`;
  context.addIssue({ code: "custom", path: ["amplitude"], input: amplitude, message });
});

const widestKernel = 15;

/** Pixels of a kernel's side, of which one is in the middle. */
function kernel() {
  const expected = `an odd number from 3 to ${widestKernel}`;
  return z
    .int({ error: expected })
    .min(3, { error: expected })
    .max(widestKernel, { error: expected })
    .refine((size) => size % 2 === 1, { error: expected });
}

const kernelBlur = () =>
  keys({
    kernel: kernel().default(3).describe("Width of the kernel in pixels, an odd number. Default 3."),
    probability: probability(0.3),
  });

export const augmentSchema = keys({
  crop: keys({ probability: probability(1) })
    .optional()
    .describe("Of slices that are larger than the image, shows any part instead of the middle."),
  rotation: keys({
    degrees: symmetricRange(180).default(10).describe("Angle, d for [-d, d]; positive turns clockwise. Default 10."),
    probability: probability(1),
  })
    .optional()
    .describe("Turns the image about its centre."),
  scale: keys({
    factor: range(0.1, 10)
      .default([0.8, 1.25])
      .describe("Above 1 enlarges; drawn evenly in its logarithm. Default [0.8, 1.25]."),
    probability: probability(1),
  })
    .optional()
    .describe("Enlarges or shrinks the image about its centre."),
  shift: keys({
    pixels: symmetricRange(4096).default(16).describe("Along each axis on its own, d for [-d, d]. Default 16."),
    probability: probability(1),
  })
    .optional()
    .describe("Moves the image."),
  flip: keys({
    horizontal: between(0, 1).default(0.5).describe("Probability of mirroring left and right. Default 0.5."),
    vertical: between(0, 1).default(0).describe("Probability of mirroring up and down. Default 0."),
  })
    .optional()
    .describe("Mirrors the image."),
  elastic: elastic.optional().describe("Deforms the image smoothly: a cubic B-spline through random displacements."),
  gamma: keys({
    exponent: range(0.1, 10)
      .default([0.7, 1.5])
      .describe(
        "Of the slice's grey values between 0 and 1, before normalisation; drawn evenly in its logarithm. Default [0.7, 1.5].",
      ),
    probability: probability(0.5),
  })
    .optional()
    .describe("Bends the grey scale."),
  contrast: keys({
    factor: range(0, 10).default([0.75, 1.25]).describe("Of the distance from the slice's mean. Default [0.75, 1.25]."),
    probability: probability(1),
  })
    .optional()
    .describe("Stretches the normalised grey values."),
  brightness: keys({
    offset: symmetricRange(10)
      .default(0.25)
      .describe("In standard deviations of the slice, d for [-d, d]. Default 0.25."),
    probability: probability(1),
  })
    .optional()
    .describe("Moves the normalised grey values."),
  blur: keys({
    sigma: range(0, 16).default([0.5, 1.5]).describe("Of the Gaussian, in pixels. Default [0.5, 1.5]."),
    kernel: kernel()
      .exactOptional()
      .describe("Width at which the Gaussian is cut off, in pixels, an odd number. Default: at three sigma."),
    probability: probability(0.3),
  })
    .optional()
    .describe("Softens the image by a Gaussian."),
  meanBlur: kernelBlur().optional().describe("Softens the image by the mean of neighbouring pixels."),
  medianBlur: kernelBlur()
    .optional()
    .describe("Softens the image by the median of neighbouring pixels, which keeps edges."),
  motionBlur: kernelBlur()
    .optional()
    .describe("Softens the image by the mean along a line of pixels, in a direction that is drawn evenly."),
  noise: keys({
    sigma: range(0, 10).default([0, 0.15]).describe("In standard deviations of the slice. Default [0, 0.15]."),
    probability: probability(0.3),
  })
    .optional()
    .describe("Adds Gaussian noise to each pixel."),
});

export type AugmentOptions = z.output<typeof augmentSchema>;

/**
 * What the lumbar MSFF paper names; it states no range but that of the rotation, the others are our choice. So is the
 * crop: without it, nothing but the middle of large slices would ever be seen.
 */
export const defaultAugmentation = { crop: {}, contrast: {}, brightness: {}, rotation: {}, flip: {} } as const;
