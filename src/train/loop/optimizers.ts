// Optimizers as what the training graph needs of them: their states, and the node that updates all weights at once.
import { UsageError } from "../../errors.ts";
import type { Operator } from "../../ops/operator.ts";
import { adamUpdate, sgdUpdate } from "../../ops/optimize/updates.ts";
import { checkOptions, flag, numbers, numeric } from "../../options.ts";

/** How parameters follow their gradients, from `sgd`, `adam` or `adamW`. */
export interface Optimizer {
  readonly name: "sgd" | "adam" | "adamw";
  /** States as large as the weights that it keeps beside them; zeros at first. */
  readonly moments: readonly string[];
  /** What a parameter group that says nothing decays by. */
  readonly weightDecay: number;
  readonly operator: Operator;
  readonly attrs: object;
}

/** Options of `sgd`, as in PyTorch. */
export interface SgdOptions {
  /** Default 0. */
  readonly momentum?: number;
  /** Default false. */
  readonly nesterov?: boolean;
  /** Default 0. */
  readonly weightDecay?: number;
}

/**
 * Stochastic gradient descent: g += weightDecay * w; v = momentum * v + g; w -= rate * v, or rate * (g + momentum * v) with
 * nesterov. Throws UsageError for values out of range. Source: https://pytorch.org/docs/stable/generated/torch.optim.SGD.html
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const rules = { momentum: numeric, nesterov: flag, weightDecay: numeric };
  const { momentum = 0, nesterov = false, weightDecay = 0 } = checkOptions("sgd", options, rules);
  requireRange("sgd: momentum", momentum, 0, 1);
  requireRange("sgd: weightDecay", weightDecay, 0, Number.POSITIVE_INFINITY);
  if (nesterov && momentum === 0) throw new UsageError("sgd: nesterov needs a momentum above 0");
  return {
    name: "sgd",
    moments: ["velocity"],
    weightDecay,
    operator: sgdUpdate,
    attrs: { momentum, nesterov },
  };
}

/** Options of `adam` and `adamW`, as in PyTorch. */
export interface AdamOptions {
  /** How much of the moments a step keeps. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Added to the divisor. Default 1e-8. */
  readonly eps?: number;
  /** Default 0; for AdamW 0.01. */
  readonly weightDecay?: number;
}

/** Throws UsageError for values out of range. Source: https://pytorch.org/docs/stable/generated/torch.optim.Adam.html */
export function adam(options: AdamOptions = {}): Optimizer {
  return createAdam("adam", options, 0);
}

/**
 * Adam with decoupled weight decay. Throws UsageError for values out of range.
 * Source: https://pytorch.org/docs/stable/generated/torch.optim.AdamW.html
 */
export function adamW(options: AdamOptions = {}): Optimizer {
  return createAdam("adamw", options, 0.01);
}

function createAdam(name: "adam" | "adamw", options: AdamOptions, ownDecay: number): Optimizer {
  const rules = { betas: numbers, eps: numeric, weightDecay: numeric };
  const { betas = [0.9, 0.999], eps = 1e-8, weightDecay = ownDecay } = checkOptions(name, options, rules);
  const [beta1, beta2] = betas;
  requireRange(`${name}: betas[0]`, beta1, 0, 1);
  requireRange(`${name}: betas[1]`, beta2, 0, 1);
  requireRange(`${name}: eps`, eps, 0, Number.POSITIVE_INFINITY);
  requireRange(`${name}: weightDecay`, weightDecay, 0, Number.POSITIVE_INFINITY);
  return {
    name,
    moments: ["moment1", "moment2"],
    weightDecay,
    operator: adamUpdate,
    attrs: { beta1, beta2, eps, decoupled: name === "adamw" },
  };
}

/** From `least` on, below `most`. */
function requireRange(where: string, value: number, least: number, most: number): void {
  if (value >= least && value < most) return;
  throw new UsageError(`${where}: got ${value}, expected a number of at least ${least} and below ${most}`);
}
