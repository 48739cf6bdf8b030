// The passes that every graph goes through before kernels are chosen, in their order.
import { UsageError } from "../../errors.ts";
import { names, oneOf, type Rules, record } from "../../options.ts";
import type { Graph, Node } from "../ir/graph.ts";
import { foldBatchNorm } from "./fold-batch-norm.ts";
import { foldScalars } from "./fold-scalars.ts";
import { fuseEpilogues } from "./fuse-epilogues.ts";
import { storeHalf, takeHalf } from "./half.ts";
import { mergeCovered } from "./merge-covered.ts";

/** How tensors between inputs and outputs are stored. */
export interface Precision {
  /** Default `f32`. `f16` halves the memory and its traffic; kernels add up in f32. Needs a device with `shader-f16`. */
  readonly precision?: "f32" | "f16";
  /** Names of nodes that stay in f32 under `f16`, with what joins them in one kernel. */
  readonly keepFull?: readonly string[];
  /** Parameters that `parameter` gives as f16, by their bits; needs `shader-f16`. Where tensors are stored in f16 they stay so. */
  readonly halfParameters?: ReadonlySet<string>;
}

export const precisionRules: Rules<Precision> = {
  precision: oneOf("f32", "f16"),
  keepFull: names,
  halfParameters: record,
};

/** The same for every device. Throws UsageError if `keepFull` names no node. */
export function optimize(
  graph: Graph,
  { precision = "f32", keepFull = [], halfParameters = new Set() }: Precision = {},
): Graph {
  const kept = keepFull.map((name) => {
    const node = graph.nodes.find((candidate) => candidate.name === name);
    if (!node) throw new UsageError(`keepFull: the graph has no node "${name}"`);
    return node;
  });
  const optimized = takeHalf(fuseEpilogues(foldScalars(foldBatchNorm(mergeCovered(graph)))), halfParameters);
  if (precision === "f32") return optimized;
  const fused = new Set(optimized.nodes.map(({ name }) => name));
  return storeHalf(optimized, new Set(kept.map((node) => nameAfterFusion(graph, node, fused))));
}

/** A node that joined its only reader goes by the reader's name. */
function nameAfterFusion(graph: Graph, node: Node, names: ReadonlySet<string>): string {
  if (names.has(node.name)) return node.name;
  const reader = graph.nodes.find(({ inputs }) => inputs.some((input) => node.outputs.includes(input)));
  return reader ? nameAfterFusion(graph, reader, names) : node.name;
}
