// Draws what happens to one sample: a pure function of (seed, epoch, index), and of nothing else.
import { Random } from "../../random.ts";
import type { AugmentOptions } from "./augment-options.ts";
import { gaussianBlur, meanBlur, medianBlur, motionBlur } from "./blur.ts";
import { drawDisplacement } from "./elastic.ts";
import { identityPose, type Pose, type Size } from "./geometry.ts";
import { addNoise, applyContrast } from "./intensity.ts";

/** Which of a sample's random views. */
export interface Draw {
  readonly seed: number;
  readonly epoch: number;
}

/** Each has numbers of its own: changing one leaves the others as they are. New ones go to the end. */
const lanes = [
  "rotation",
  "scale",
  "shift",
  "flip",
  "elastic",
  "gamma",
  "contrast",
  "brightness",
  "blur",
  "noise",
  "crop",
  "meanBlur",
  "medianBlur",
  "motionBlur",
] as const;

/** What was drawn. Sizes of grey values are in standard deviations of the normalised slice. */
export interface Augmentation {
  readonly pose: Pose;
  /** Of the grey scale before normalisation; 1 leaves it. */
  readonly exponent: number;
  readonly contrast: number;
  readonly brightness: number;
  /** Of the Gaussian, in pixels; 0 for none. */
  readonly blurSigma: number;
  /** Where the Gaussian is cut off; undefined for three sigma. */
  readonly blurKernel: number | undefined;
  /** Widths of kernels in pixels; 0 for none. */
  readonly meanKernel: number;
  readonly medianKernel: number;
  readonly motionKernel: number;
  /** Direction of the motion, from that of the rows; a line has no beginning, so half a turn is all. */
  readonly motionDegrees: number;
  readonly noiseSigma: number;
  readonly noise: Random;
}

export function drawAugmentation(options: AugmentOptions, size: Size, draw: Draw, index: number): Augmentation {
  const lane = (name: (typeof lanes)[number]) => new Random([draw.seed, draw.epoch], index, lanes.indexOf(name));
  const [noise, motion] = [lane("noise"), lane("motionBlur")];
  const kernelOf = (random: Random, given: (Chance & { readonly kernel: number }) | undefined) =>
    given !== undefined && random.chance(given.probability) ? given.kernel : 0;
  return {
    pose: drawPose(options, size, lane),
    exponent: drawEvenRatio(lane("gamma"), options.gamma, options.gamma?.exponent) ?? 1,
    contrast: drawEvenly(lane("contrast"), options.contrast, options.contrast?.factor) ?? 1,
    brightness: drawEvenly(lane("brightness"), options.brightness, options.brightness?.offset) ?? 0,
    blurSigma: drawEvenly(lane("blur"), options.blur, options.blur?.sigma) ?? 0,
    blurKernel: options.blur?.kernel,
    meanKernel: kernelOf(lane("meanBlur"), options.meanBlur),
    medianKernel: kernelOf(lane("medianBlur"), options.medianBlur),
    motionKernel: kernelOf(motion, options.motionBlur),
    motionDegrees: motion.between(0, 180),
    noiseSigma: drawEvenly(noise, options.noise, options.noise?.sigma) ?? 0,
    noise,
  };
}

function drawPose(options: AugmentOptions, size: Size, lane: (name: (typeof lanes)[number]) => Random): Pose {
  const { crop, rotation, scale, shift, flip, elastic } = options;
  const [cropping, flipping, shifting, bending] = [lane("crop"), lane("flip"), lane("shift"), lane("elastic")];
  const isCropped = crop !== undefined && cropping.chance(crop.probability);
  const isShifted = shift !== undefined && shifting.chance(shift.probability);
  const isBent = elastic !== undefined && bending.chance(elastic.probability);
  return {
    place: isCropped ? [cropping.next(), cropping.next()] : identityPose.place,
    degrees: drawEvenly(lane("rotation"), rotation, rotation?.degrees) ?? 0,
    factor: drawEvenRatio(lane("scale"), scale, scale?.factor) ?? 1,
    shift: isShifted ? [between(shifting, shift.pixels), between(shifting, shift.pixels)] : identityPose.shift,
    flip: { horizontal: flipping.chance(flip?.horizontal ?? 0), vertical: flipping.chance(flip?.vertical ?? 0) },
    displacement: isBent ? drawDisplacement(bending, size, elastic) : undefined,
  };
}

/** A range, or d for [-d, d]. */
type Range = number | readonly [low: number, high: number];

interface Chance {
  readonly probability: number;
}

function between(random: Random, range: Range): number {
  return typeof range === "number" ? random.between(-range, range) : random.between(range[0], range[1]);
}

/** Undefined where there is no such augmentation, or not this time. */
function drawEvenly(random: Random, given: Chance | undefined, range: Range | undefined): number | undefined {
  if (given === undefined || range === undefined || !random.chance(given.probability)) return undefined;
  return between(random, range);
}

/** Half is as likely as double. */
function drawEvenRatio(random: Random, given: Chance | undefined, range: readonly [number, number] | undefined) {
  if (range === undefined) return undefined;
  const logarithm = drawEvenly(random, given, [Math.log(range[0]), Math.log(range[1])]);
  return logarithm === undefined ? undefined : Math.exp(logarithm);
}

/** Changes a normalised image; `mean` and `deviation` are those of the whole slice, normalised. */
export function augmentIntensity(
  image: Float32Array,
  size: Size,
  augmentation: Augmentation,
  { mean, deviation }: { readonly mean: number; readonly deviation: number },
): Float32Array {
  const { contrast, brightness, noiseSigma, noise } = augmentation;
  if (contrast !== 1 || brightness !== 0) applyContrast(image, contrast, mean, brightness * deviation);
  const blurred = blur(image, size, augmentation);
  if (noiseSigma > 0) addNoise(blurred, noiseSigma * deviation, noise);
  return blurred;
}

/** Those that were drawn, one after the other. */
function blur(image: Float32Array, size: Size, drawn: Augmentation): Float32Array {
  const { blurSigma, blurKernel, meanKernel, medianKernel, motionKernel, motionDegrees } = drawn;
  let result = image;
  if (blurSigma > 0) result = gaussianBlur(result, size, blurSigma, blurKernel);
  if (meanKernel > 0) result = meanBlur(result, size, meanKernel);
  if (medianKernel > 0) result = medianBlur(result, size, medianKernel);
  if (motionKernel > 0) result = motionBlur(result, size, motionKernel, motionDegrees);
  return result;
}
