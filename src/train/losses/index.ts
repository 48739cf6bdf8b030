export { type BceWithLogitsLossOptions, bceWithLogitsLoss } from "./bce.ts";
export { deepSupervision, type Loss, type WeightedLoss, weightedSum } from "./combine.ts";
export { createLoss, type LossKind, type LossSpec, type LossTargets, type LossTerm } from "./create.ts";
export {
  type CrossEntropyLossOptions,
  crossEntropyLoss,
  type FocalLossOptions,
  focalLoss,
  type PartialLabelLossOptions,
  partialLabelLoss,
  type SizeAdaptiveLossOptions,
  sizeAdaptiveLoss,
} from "./cross-entropy.ts";
export { type DiceLossOptions, diceLoss, type HybridLossOptions, hybridLoss } from "./dice.ts";
export type { Reduction } from "./reduction.ts";
