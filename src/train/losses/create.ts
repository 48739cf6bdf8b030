// Losses by name, as a training configuration gives them.
import { UsageError } from "../../errors.ts";
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { type BceWithLogitsLossOptions, bceWithLogitsLoss } from "./bce.ts";
import { deepSupervision, type Loss, weightedSum } from "./combine.ts";
import {
  type CrossEntropyLossOptions,
  crossEntropyLoss,
  type FocalLossOptions,
  focalLoss,
  type PartialLabelLossOptions,
  partialLabelLoss,
  type SizeAdaptiveLossOptions,
  sizeAdaptiveLoss,
} from "./cross-entropy.ts";
import { type DiceLossOptions, diceLoss, type HybridLossOptions, hybridLoss } from "./dice.ts";

/** The options of each kind of loss. */
interface LossOptions {
  readonly "cross-entropy": Omit<CrossEntropyLossOptions, "reduction">;
  readonly "size-adaptive": SizeAdaptiveLossOptions;
  readonly dice: DiceLossOptions;
  readonly focal: Omit<FocalLossOptions, "reduction">;
  readonly bce: Omit<BceWithLogitsLossOptions, "reduction">;
  readonly hybrid: HybridLossOptions;
  readonly partial: Omit<PartialLabelLossOptions, "reduction">;
}

/** Names of the losses that `createLoss` knows. */
export type LossKind = keyof LossOptions;

interface TermOptions {
  /** Default 1. */
  readonly weight?: number;
  /** Name of the output that it is for. Default: all outputs, added up. */
  readonly output?: string;
}

/** One loss: its kind, its options, its weight and its output. */
export type LossTerm = { readonly [K in LossKind]: { readonly kind: K } & LossOptions[K] & TermOptions }[LossKind];

/** A loss, or several whose weighted sum is taken. */
export type LossSpec = LossTerm | readonly LossTerm[];

/** What a loss compares. */
export interface LossTargets {
  /** Logits [N, C, ...] of the network's outputs by name, of any sizes. */
  readonly outputs: Readonly<Record<string, Value>>;
  /** u32 [N, ...]: class indices; for the kind `partial` sets of classes. */
  readonly labels: Value;
}

/**
 * The loss that a specification names, f32 []; see the functions of each kind.
 * Throws UsageError for an output that the network does not have, for no losses at all, and where sets of classes and indices
 * are both expected of the labels; ShapeError where outputs and labels do not fit.
 */
export function createLoss(b: GraphBuilder, spec: LossSpec, { outputs, labels }: LossTargets): Value {
  const terms = "kind" in spec ? [spec] : spec;
  const partial = terms.filter(({ kind }) => kind === "partial");
  if (partial.length > 0 && partial.length < terms.length) {
    throw new UsageError("loss: labels are sets of classes for the kind partial, which no other kind takes");
  }
  const names = Object.keys(outputs);
  const losses = terms.map((term) => {
    const { output, weight = 1 } = term;
    if (output !== undefined && !names.includes(output)) {
      throw new UsageError(`loss: the network has no output "${output}", expected ${names.join(" or ")}`);
    }
    const own = output === undefined ? Object.values(outputs) : [outputs[output]!];
    return { loss: deepSupervision(b, own, labels, lossOf(term)), weight };
  });
  return weightedSum(b, losses);
}

/** What is left for the loss itself. */
function optionsOf<T extends LossTerm>({ kind: _, weight: _weight, output: _output, ...options }: T) {
  return options;
}

function lossOf(term: LossTerm): Loss {
  switch (term.kind) {
    case "cross-entropy":
      return (b, logits, labels) => crossEntropyLoss(b, logits, labels, optionsOf(term));
    case "size-adaptive":
      return (b, logits, labels) => sizeAdaptiveLoss(b, logits, labels, optionsOf(term));
    case "dice":
      return (b, logits, labels) => diceLoss(b, logits, labels, optionsOf(term));
    case "focal":
      return (b, logits, labels) => focalLoss(b, logits, labels, optionsOf(term));
    case "bce":
      return (b, logits, labels) => bceWithLogitsLoss(b, logits, labels, optionsOf(term));
    case "hybrid":
      return (b, logits, labels) => hybridLoss(b, logits, labels, optionsOf(term));
    case "partial":
      return (b, logits, labels) => partialLabelLoss(b, logits, labels, optionsOf(term));
    default:
      throw new UsageError(`loss: unknown kind "${(term satisfies never as LossTerm).kind}"`);
  }
}
