// Draws what happens to one sample: a pure function of (seed, epoch, index), and of nothing else.
import { Random } from "../../random.ts";
import type { AugmentOptions } from "./augment-options.ts";
import { drawDisplacement } from "./elastic.ts";
import { identityPose, type Pose, type Size } from "./geometry.ts";
import { addNoise, applyContrast, blur } from "./intensity.ts";

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
] as const;

/** What was drawn. Sizes of grey values are in standard deviations of the normalised slice. */
export interface Augmentation {
  readonly pose: Pose;
  /** Of the grey scale before normalisation; 1 leaves it. */
  readonly exponent: number;
  readonly contrast: number;
  readonly brightness: number;
  /** Of the blur, in pixels; 0 for none. */
  readonly blurSigma: number;
  readonly noiseSigma: number;
  readonly noise: Random;
}

export function drawAugmentation(options: AugmentOptions, size: Size, draw: Draw, index: number): Augmentation {
  const lane = (name: (typeof lanes)[number]) => new Random([draw.seed, draw.epoch], index, lanes.indexOf(name));
  const noise = lane("noise");
  return {
    pose: drawPose(options, size, lane),
    exponent: drawEvenRatio(lane("gamma"), options.gamma, options.gamma?.exponent) ?? 1,
    contrast: drawEvenly(lane("contrast"), options.contrast, options.contrast?.factor) ?? 1,
    brightness: drawEvenly(lane("brightness"), options.brightness, options.brightness?.offset) ?? 0,
    blurSigma: drawEvenly(lane("blur"), options.blur, options.blur?.sigma) ?? 0,
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
  const { contrast, brightness, blurSigma, noiseSigma, noise } = augmentation;
  if (contrast !== 1 || brightness !== 0) applyContrast(image, contrast, mean, brightness * deviation);
  const blurred = blurSigma > 0 ? blur(image, size, blurSigma) : image;
  if (noiseSigma > 0) addNoise(blurred, noiseSigma * deviation, noise);
  return blurred;
}
