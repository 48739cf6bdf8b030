// Judges a layer whose error is over the limit by what it adds, where its inputs explain the rest.
import type { Gpu } from "../gpu/gpu.ts";
import type { Graph, Value } from "../graph/ir/graph.ts";
import type { Precision } from "../graph/passes/optimize.ts";
import { compile } from "../graph/run/compile.ts";
import { weightsFor } from "../models/weights.ts";
import type { Tensor } from "../tensor.ts";
import type { Comparison } from "./comparison.ts";
import { conditioning, type Pair, type Step, stepTo } from "./conditioning.ts";
import type { ParityRow } from "./parity.ts";

/** What of a comparison a network is run with. */
type Given = Pick<Comparison, "inputs" | "weights">;

/**
 * A row over the limit passes where all of this holds:
 * - its inputs passed
 * - `added` is within the limit
 * - its error is within the limit x the growth of the layer x that of the inputs that were over the limit themselves
 *
 * So errors that add up over many layers stay bound by the limit, and only a layer that makes a good input's error larger, such as a
 * sigmoid or a softmax far from 0, is let off by as much.
 */
export class Judge {
  readonly #gpu: Gpu;
  readonly #comparison: Comparison;
  readonly #stored: Precision;
  readonly #pairs = new Map<Value, Pair>();
  readonly #compared: ReadonlySet<Value>;
  /** Of layers so far that have passed: by how much the limit grew. */
  readonly #growths = new Map<Value, number>();

  constructor(gpu: Gpu, comparison: Comparison, stored: Precision) {
    this.#gpu = gpu;
    this.#comparison = comparison;
    this.#stored = stored;
    this.#compared = new Set(comparison.layers.map(({ value }) => value));
  }

  /** Layers come in forward order. */
  async layer(row: ParityRow, value: Value, pair: Pair): Promise<ParityRow> {
    this.#pairs.set(value, pair);
    const step = row.passed ? undefined : stepTo(value, this.#compared);
    const { growth, ...judged } = await this.#judge(row, step, pair, this.#pairs);
    if (judged.passed) this.#growths.set(value, growth);
    return judged;
  }

  /** An output of the network as users run it; what it is computed from is taken from a run that is fused in the same way. */
  async output(row: ParityRow, value: Value, pair: Pair): Promise<ParityRow> {
    const step = row.passed ? undefined : stepTo(value, this.#compared);
    const pairs = step ? await this.#fusedPairs(step) : this.#pairs;
    const { growth, ...judged } = await this.#judge(row, step, pair, pairs);
    return judged;
  }

  async #judge(
    row: ParityRow,
    step: Step | undefined,
    pair: Pair,
    pairs: ReadonlyMap<Value, Pair>,
  ): Promise<ParityRow & { readonly growth: number }> {
    const before = [...(step?.begins.values() ?? [])].map((value) => this.#growths.get(value));
    if (!step || before.includes(undefined)) return { ...row, growth: 1 };
    const { inputs, weights } = this.#comparison;
    const { explained, added, growth } = await conditioning(this.#gpu, step, pair, pairs, {
      inputs,
      weights,
      stored: this.#stored,
    });
    const whole = growth * Math.max(...before.map((each) => each ?? 1));
    const passed = added <= row.limit && row.relativeL2 <= row.limit * whole;
    return { ...row, explained, added, passed, growth: whole };
  }

  async #fusedPairs({ begins }: Step): Promise<ReadonlyMap<Value, Pair>> {
    const outputs = new Map([...begins]);
    const fused = await runGraph(this.#gpu, { ...this.#comparison.graph, outputs }, this.#comparison, this.#stored);
    return new Map(
      [...begins].map(([name, value]) => [value, { got: fused[name]!, expected: this.#pairs.get(value)!.expected }]),
    );
  }
}

/** Compiles a graph, runs it once and lets go of it. */
export async function runGraph(
  gpu: Gpu,
  graph: Graph,
  { inputs, weights }: Given,
  stored: Precision,
): Promise<Record<string, Tensor>> {
  const compiled = await compile(gpu, graph, { ...stored, ...weightsFor(gpu, weights) });
  try {
    return await compiled.run(inputs);
  } finally {
    await compiled.dispose();
  }
}
