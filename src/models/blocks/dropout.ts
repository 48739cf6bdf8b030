// Dropout as networks ask for it: in a graph that is trained, and in no other.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { dropout as dropoutOperator } from "../../ops/elementwise/dropout.ts";
import type { OptionRules } from "../options.ts";

/** The option of networks that have dropout. */
export interface DropoutOptions {
  /** Probability of being dropped in training; 0 for no dropout. */
  readonly dropout: number;
}

/** The rule of that option. `what` is dropped: the outputs of fc6 and fc7, say. */
export function dropoutRules(what: string, byDefault: number): OptionRules<DropoutOptions> {
  const text = `Probability with which ${what} are dropped in training; 0 for no dropout.`;
  return { dropout: { text, default: byDefault, range: { from: 0, to: 0.99 } } };
}

export interface DropoutSpec {
  /** Probability of being dropped, from 0 to below 1. */
  readonly p: number;
  /** Whether the elements of a channel are dropped together, as by `nn.Dropout2d` and `nn.Dropout3d`. Default false. */
  readonly spatial?: boolean;
}

/**
 * `nn.Dropout`: x [N, C, ...] with elements dropped at random and the others scaled by 1 / (1 - p). Where the graph is not trained, or p is
 * 0, it is x itself, and the graph holds no node. Each call draws for itself.
 */
export function dropout(b: GraphBuilder, name: string, x: Value, { p, spatial = false }: DropoutSpec): Value {
  const source = p === 0 ? undefined : b.drawSource();
  if (!source) return x;
  return b.apply(dropoutOperator, [x, source.draw], { p, spatial, layer: source.layer }, { name });
}
