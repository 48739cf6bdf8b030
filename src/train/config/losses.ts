// The losses that a configuration can name, with the options of `createLoss`, which computes them.
import * as z from "zod";
import type { LossKind, LossTerm } from "../losses/index.ts";
import { between, choice, flag, keys, kind, list, nonNegative, positive, text, variants, whole } from "./keys.ts";

const common = {
  weight: positive().default(1).describe("Factor of this loss in the sum of all. Default 1."),
  output: text("the name of an output")
    .exactOptional()
    .describe(
      "The output of the network that it is computed on, for deep supervision. Default: all outputs, added up.",
    ),
};

const ignoreIndex = whole(0, 2 ** 32 - 1)
  .default(255)
  .describe("Pixels with this label do not count. Default 255.");

const classWeights = list(nonNegative(), "a list of numbers of 0 or more, one for each class")
  .exactOptional()
  .describe("Factor of each class, background first. Default: 1 for each.");

const smoothing = nonNegative()
  .default(1)
  .describe("Pixels added to both sides of the overlap's fraction, which keeps small classes smooth. Default 1.");

const gamma = nonNegative().default(2).describe("Exponent: how little pixels that are easy count. Default 2.");

const overOptions = ["batch", "image"] as const;

const shares = z
  .union([choice(overOptions), list(between(0, 1), "a share")], {
    error: '"batch", "image" or a list of shares from 0 to 1, one for each class',
  })
  .default("batch")
  .describe(
    'S_c, the share of pixels that belong to each class: measured on each "batch" or each "image", or a list. Default "batch".',
  );

const crossEntropy = keys({ kind: kind("cross-entropy"), ...common, classWeights, ignoreIndex });

const sizeAdaptive = keys({
  kind: kind("size-adaptive"),
  ...common,
  alpha: nonNegative()
    .default(1)
    .describe("Exponent of (1 - S_c), the weight of class c; 0 is cross-entropy. Default 1, the paper's best."),
  shares,
  ignoreIndex,
});

const dice = keys({
  kind: kind("dice"),
  ...common,
  smoothing,
  squared: flag()
    .default(false)
    .describe("Whether the denominator has squared probabilities, as V-Net's. Default false."),
  over: choice(overOptions)
    .default("batch")
    .describe('What a fraction is taken of: the pixels of the "batch", or of each "image" by itself. Default "batch".'),
  activation: choice(["softmax", "sigmoid"])
    .exactOptional()
    .describe('How logits become probabilities. Default "softmax", of a single class "sigmoid".'),
  classWeights,
  ignoreIndex,
});

const focal = keys({
  kind: kind("focal"),
  ...common,
  alpha: between(0, 1)
    .exactOptional()
    .describe("Weight of all classes but the background, which has 1 - alpha. Default: none, all have 1."),
  gamma,
  classWeights,
  ignoreIndex,
});

const bce = keys({ kind: kind("bce"), ...common, classWeights, ignoreIndex });

const hybrid = keys({
  kind: kind("hybrid"),
  ...common,
  alpha: nonNegative().default(0.25).describe("Weight of the positives. Default 0.25."),
  negativeAlpha: nonNegative()
    .exactOptional()
    .describe("Weight of the negatives; 0 is equation 8 as it is printed. Default: 1 - alpha."),
  gamma,
  margin: positive().max(0.5).default(0.1).describe("The least |p - 0.5| that is divided by. Default 0.1."),
  smoothing,
  ignoreIndex,
});

const partial = keys({ kind: kind("partial"), ...common, classWeights });

export const lossKinds = [
  "cross-entropy",
  "size-adaptive",
  "dice",
  "focal",
  "bce",
  "hybrid",
  "partial",
] as const satisfies readonly LossKind[];

export const lossSchema = variants(lossKinds, [
  crossEntropy.describe("-log p of each pixel's class."),
  sizeAdaptive.describe("The paper's loss: cross-entropy with each class weighted by (1 - S_c)^alpha."),
  dice.describe("1 - soft Dice, averaged over the classes."),
  focal.describe("Cross-entropy of each pixel times (1 - p)^gamma."),
  bce.describe("Binary cross-entropy of each class against the rest, on logits."),
  hybrid.describe("ANU-Net's: focal-weighted binary cross-entropy and soft Dice."),
  partial.describe("-log of the summed p of all classes that a pixel may have; for labels that are sets of classes."),
]) satisfies z.ZodType<LossTerm>;

export type LossConfig = z.output<typeof lossSchema>;
