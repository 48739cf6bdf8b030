// Which heads of a network with deep supervision give its result.
import { UsageError } from "../errors.ts";
import type { GraphBuilder } from "../graph/ir/builder.ts";
import type { Value } from "../graph/ir/graph.ts";
import { add, mul } from "../ops/elementwise/arithmetic.ts";
import { flag, numeric, type Rules } from "../options.ts";
import type { Heads } from "./network.ts";

/** How a network with several heads (UNet++, ANU-Net) is pruned, and what becomes of the heads that are left. */
export interface HeadOptions {
  /**
   * The head whose logits are taken, from 1. What it does not need is neither loaded nor computed: the paper's L1 to L4.
   * Default: the last.
   */
  readonly level?: number | undefined;
  /** True takes the mean of the logits of all heads up to the level. Default false. */
  readonly averageHeads?: boolean | undefined;
}

/** Rules of {@link HeadOptions}. */
export const headRules: Rules<HeadOptions> = { level: numeric, averageHeads: flag };

/** Appends the logits that the options ask for. Throws UsageError for a level that there is not, and where there is one head alone. */
export function chooseLogits(b: GraphBuilder, heads: Heads, { level, averageHeads = false }: HeadOptions): Value {
  const all = Object.values(heads);
  if (all.length === 1 && (level !== undefined || averageHeads))
    throw new UsageError(`${averageHeads ? "averageHeads" : "level"}: the network has one head, expected none`);
  const chosen = level ?? all.length;
  if (!Number.isInteger(chosen) || chosen < 1 || chosen > all.length)
    throw new UsageError(`level: got ${chosen}, expected a whole number from 1 to ${all.length}`);
  const last = all[chosen - 1]!;
  if (!averageHeads || chosen === 1) return last;
  const sum = all.slice(0, chosen).reduce((left, right) => b.apply(add, [left, right], {}));
  const share = b.constant("share", { shape: [1], data: Float32Array.of(1 / chosen) });
  return b.apply(mul, [sum, share], {}, { name: "mean" });
}
