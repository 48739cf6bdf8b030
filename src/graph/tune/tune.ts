// Measures every way to compute each node of a graph on this very device, and keeps the fastest that is right.
// A candidate is compared with the operator's reference kernel before it is timed; a wrong one is reported, never used.
import { difference } from "../../difference.ts";
import { type Gpu, requireGpu } from "../../gpu/gpu.ts";
import { fromF32, toF32 } from "../../half.ts";
import { type DeviceTraits, deviceTraits } from "../../ops/device-traits.ts";
import { callback, checkOptions, numeric, type Rules, record } from "../../options.ts";
import { dataTypes, elementCount, type TensorType } from "../../tensor.ts";
import type { Graph, Node } from "../ir/graph.ts";
import { isolate } from "../ir/isolate.ts";
import { decompose } from "../passes/decompose.ts";
import { optimize, type Precision, precisionRules } from "../passes/optimize.ts";
import { type Choice, candidates, isKernel } from "../plan/choose.ts";
import { wholeCall } from "../plan/lower.ts";
import type { CompiledGraph } from "../run/compiled-graph.ts";
import { compileWithChoice } from "../run/compiler.ts";
import { isTunable, signature, sourceHash, type Tuning, type TuningEntry, tunedChoice } from "./tuning.ts";

/** What `tune` measures, and whom it tells. */
export interface TuneOptions extends Precision {
  /** Timed runs of each candidate. Default 5. */
  readonly rounds?: number;
  /** What is known already is not measured again, unless its kernel has changed. */
  readonly known?: Tuning;
  /** Called for every candidate of every distinct node. */
  readonly onCandidate?: (report: CandidateReport) => void;
  /** Called as nodes of the graph are done. */
  readonly onProgress?: (done: number, total: number) => void;
}

const tuneRules: Rules<TuneOptions> = {
  ...precisionRules,
  rounds: numeric,
  known: record,
  onCandidate: callback,
  onProgress: callback,
};

/** What `tune` found out about one way to compute a node. */
export interface CandidateReport {
  /** The first node of this signature. */
  readonly node: string;
  readonly signature: string;
  /** Kernel or decomposition. */
  readonly candidate: string;
  readonly verdict: "timed" | "wrong" | "failed";
  /** Median GPU time; NaN unless timed. */
  readonly microseconds: number;
  /** From the reference kernel's result; NaN where it failed. */
  readonly relativeL2: number;
  /** What the GPU said, where it failed. */
  readonly message?: string;
}

/** Two ways to add the same products are closer than this, relative L2, Winograd's included; in f16 both are rounded. */
const agreement = { f32: 1e-5, f16: 1e-3 } as const;

/**
 * Tunes the nodes of a graph, and the parts of their decompositions first. Needs `timestamp-query`.
 * Throws DeviceError `unsupported` without it, or if a reference kernel itself fails.
 */
export async function tune(gpu: Gpu, graph: Graph, options: TuneOptions = {}): Promise<Tuning> {
  requireGpu("tune", gpu);
  checkOptions("tune", options, tuneRules);
  const tuner = new Tuner(gpu, options);
  const { nodes } = optimize(graph, options);
  for (const [i, node] of nodes.entries()) {
    await tuner.visit(node);
    options.onProgress?.(i + 1, nodes.length);
  }
  return tuner.tuning;
}

class Tuner {
  readonly #gpu: Gpu;
  readonly #device: DeviceTraits;
  readonly #options: TuneOptions;
  readonly #entries: Record<string, TuningEntry>;
  readonly #visited = new Set<string>();

  constructor(gpu: Gpu, options: TuneOptions) {
    this.#gpu = gpu;
    this.#device = deviceTraits(gpu);
    this.#options = options;
    this.#entries = { ...options.known?.entries };
  }

  get tuning(): Tuning {
    return { schema: 1, adapter: this.#gpu.adapter.driver, entries: { ...this.#entries } };
  }

  get #choice(): Choice {
    return tunedChoice(this.tuning, this.#gpu.adapter.driver);
  }

  async visit(node: Node): Promise<void> {
    const device = this.#device;
    const call = wholeCall(node);
    const key = signature(node, call);
    if (this.#visited.has(key) || !isTunable(node, call, device)) return;
    this.#visited.add(key);
    const names = candidates(node, call, device).map(({ name }) => name);
    for (const candidate of candidates(node, call, device)) {
      if (isKernel(candidate)) continue;
      const graph = isolate(node);
      for (const part of decompose(graph, device, whole(graph, candidate.name, device)).nodes) await this.visit(part);
    }
    if (this.#choice(node, call, device) !== undefined) return;
    const best = await this.#measure(node, key, names);
    this.#entries[key] = { ...best, sourceHash: sourceHash(node, best.choice, device, this.#choice) };
  }

  /** Runs the candidates, the reference kernel first. */
  async #measure(node: Node, key: string, names: readonly string[]): Promise<Omit<TuningEntry, "sourceHash">> {
    const graph = isolate(node);
    const data = createData(graph);
    const storage = node.outputs[0]!.type.dtype === "f16" ? "f16" : "f32";
    let expected: Float32Array | undefined;
    let best: { choice: string; microseconds: number } | undefined;
    for (const name of names) {
      const report = { node: node.name, signature: key, candidate: name };
      let compiled: CompiledGraph | undefined;
      try {
        compiled = await compileWithChoice(this.#gpu, graph, {
          parameter: data.parameter,
          choice: this.#only(graph, name),
        });
        const result = toF32((await compiled.run(data.inputs)).result!.data, storage);
        expected ??= result;
        const { relativeL2 } = difference(node.outputs[0]!.type.shape, result, expected);
        if (!(relativeL2 <= agreement[storage])) {
          this.#options.onCandidate?.({ ...report, verdict: "wrong", microseconds: Number.NaN, relativeL2 });
          continue;
        }
        const { totalNanoseconds } = await compiled.profile(data.inputs, { rounds: this.#options.rounds ?? 5 });
        const microseconds = totalNanoseconds / 1000;
        this.#options.onCandidate?.({ ...report, verdict: "timed", microseconds, relativeL2 });
        if (!best || microseconds < best.microseconds) best = { choice: name, microseconds };
      } catch (error) {
        if (!expected || !(error instanceof Error)) throw error;
        const failed = { verdict: "failed", microseconds: Number.NaN, relativeL2: Number.NaN } as const;
        this.#options.onCandidate?.({ ...report, ...failed, message: error.message });
      } finally {
        await compiled?.dispose();
      }
    }
    if (!best) throw new Error(`tune: node ${node.name}: no candidate could be timed`);
    return best;
  }

  /** The candidate for the graph's only node; its parts as they were tuned. */
  #only(graph: Graph, name: string): Choice {
    const tuned = this.#choice;
    return (part, ...of) => (part === graph.nodes[0] ? name : tuned(part, ...of));
  }
}

/** A candidate for the graph's only node, and kernels for its parts, so that these stay whole. */
function whole(graph: Graph, name: string, device: DeviceTraits): Choice {
  return (part, call) =>
    part === graph.nodes[0] ? name : part.operator.kernels.find((kernel) => kernel.applies(call, device))!.name;
}

/** Seeded numbers in [-1, 1); weights are scaled so that sums stay of that order. Integers are small, as indices are. */
function createData(graph: Graph) {
  const [input] = graph.inputs;
  const fill = (count: number, scale: number, seed: number): Float32Array => {
    let state = seed;
    return Float32Array.from({ length: count }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state / 2 ** 31 - 1) * scale;
    });
  };
  const typed = ({ shape, dtype }: TensorType, scale: number, seed: number) => {
    const count = elementCount(shape);
    if (dtype === "i32" || dtype === "u32")
      return dataTypes[dtype].from(Array.from({ length: count }, (_, i) => i % 64));
    return fromF32(fill(count, scale, seed), dtype);
  };
  const types = new Map(graph.parameters.map(({ name, type }) => [name, type]));
  const parameter = async (name: string) => {
    const type = types.get(name)!;
    const fanIn = elementCount(type.shape.slice(1));
    return typed(type, 1 / Math.sqrt(fanIn), type.shape.length + fanIn);
  };
  const { shape } = input!.type;
  return { parameter, inputs: { [input!.name]: { shape, data: typed(input!.type, 1, 1) } } };
}
