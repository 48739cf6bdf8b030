// From a graph to something that runs, with the kernels that were measured to be fastest where that is asked for.
import type { Gpu } from "../../gpu/gpu.ts";
import { deviceTraits } from "../../ops/device-traits.ts";
import type { TensorData } from "../../tensor.ts";
import type { Graph } from "../ir/graph.ts";
import { type TuneOptions, tune } from "../tune/tune.ts";
import { type Tuning, tunedChoice } from "../tune/tuning.ts";
import type { CompiledGraph } from "./compiled-graph.ts";
import { assemble, type Precision } from "./compiler.ts";

/** How a graph is compiled, and where its parameters come from. */
export interface CompileOptions extends Precision {
  /** Gives the values of a parameter in its type, f16 as bits, and the first ones of a state. Called once for each that the graph uses. */
  readonly parameter: (name: string) => Promise<TensorData>;
  /** Called as pipelines become ready. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Kernels measured before on this adapter, as {@link tune} returns them. */
  readonly tuning?: Tuning;
  /** Measures every kernel of every node first, which takes seconds to minutes. */
  readonly tune?: boolean | TuneOptions;
  /** Called with the name of each node whose kernel could have been, but was not, taken from `tuning`. */
  readonly onMiss?: (node: string) => void;
}

/**
 * Compiles a graph for a device: optimises it, chooses kernels, plans memory, creates all pipelines in parallel while
 * the weights are uploaded, and computes once what depends on weights alone.
 * Rejects with DeviceError, UsageError for a tuning of another adapter, or with what `parameter` throws.
 */
export async function compile(gpu: Gpu, graph: Graph, options: CompileOptions): Promise<CompiledGraph> {
  const { parameter, onProgress, onMiss, tuning: known, precision, keepFull, halfParameters } = options;
  const stored = {
    ...(precision && { precision }),
    ...(keepFull && { keepFull }),
    ...(halfParameters && { halfParameters }),
  };
  const measure = options.tune === true ? {} : options.tune || undefined;
  const tuning = measure ? await tune(gpu, graph, { ...stored, ...(known && { known }), ...measure }) : known;
  const where = { adapter: gpu.adapter.driver, device: deviceTraits(gpu), ...(onMiss && { onMiss }) };
  return assemble(gpu, graph, {
    ...stored,
    parameter,
    ...(onProgress && { onProgress }),
    ...(tuning && { choice: tunedChoice(tuning, where) }),
  });
}
