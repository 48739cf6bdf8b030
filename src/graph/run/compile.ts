// From a graph to something that runs, with the kernels that were measured to be fastest where that is asked for.
import { type Gpu, requireGpu } from "../../gpu/gpu.ts";
import { callback, checkOptions, either, flag, type Rules, record } from "../../options.ts";
import type { Graph } from "../ir/graph.ts";
import { precisionRules } from "../passes/optimize.ts";
import { type TuneOptions, tune } from "../tune/tune.ts";
import { type Tuning, tunedChoice } from "../tune/tuning.ts";
import type { CompiledGraph } from "./compiled-graph.ts";
import { type CompilerOptions, compileWithChoice } from "./compiler.ts";

/** How a graph is compiled, and where its parameters come from. */
export interface CompileOptions extends Omit<CompilerOptions, "choice"> {
  /** Kernels measured before on this adapter, as {@link tune} returns them. */
  readonly tuning?: Tuning;
  /** Measures every kernel of every node first, which takes seconds to minutes. */
  readonly tune?: boolean | TuneOptions;
  /** Called with the name of each node whose kernel could have been, but was not, taken from `tuning`. */
  readonly onMiss?: (node: string) => void;
}

/** What may be said of the compilation of a graph, wherever its parameters come from. */
export const compilingRules: Rules<Omit<CompileOptions, "parameter" | "reload">> = {
  ...precisionRules,
  tuning: record,
  tune: either(flag, record),
  onMiss: callback,
  onProgress: callback,
};

const compileRules: Rules<CompileOptions> = { parameter: callback, reload: callback, ...compilingRules };

/**
 * Compiles a graph for a device: optimises it, chooses kernels, plans memory, creates all pipelines in parallel while
 * the weights are uploaded, and computes once what depends on weights alone.
 * Rejects with DeviceError, UsageError for options and a tuning of another adapter, or with what `parameter` throws.
 */
export async function compile(gpu: Gpu, graph: Graph, options: CompileOptions): Promise<CompiledGraph> {
  requireGpu("compile", gpu);
  checkOptions("compile", options, compileRules);
  const { tuning: known, tune: measure, onMiss, parameter, reload, onProgress, ...precision } = options;
  const measuring = { ...precision, ...(known && { known }), ...(measure !== true && measure) };
  const tuning = measure ? await tune(gpu, graph, measuring) : known;
  return compileWithChoice(gpu, graph, {
    ...precision,
    parameter,
    ...(reload && { reload }),
    ...(onProgress && { onProgress }),
    ...(tuning && { choice: tunedChoice(tuning, gpu.adapter.driver, onMiss) }),
  });
}
