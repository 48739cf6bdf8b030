// A file's tensors as the parameters of a graph.
import type { Gpu } from "../gpu/gpu.ts";
import type { CompileOptions } from "../graph/run/compile.ts";

/** An open file of weights. */
export interface Weights {
  /** Tensors that the file has in f16. */
  readonly halfNames: readonly string[];
  readF32(name: string): Promise<Float32Array>;
  /** One of `halfNames`, by its bits. */
  readF16(name: string): Promise<Uint16Array>;
}

/** What `compile` asks of weights. What a file has in f16 goes to the device as it is, where that has `shader-f16`. */
export function weightsFor(gpu: Gpu, weights: Weights): Pick<CompileOptions, "parameter" | "halfParameters"> {
  const halfParameters = new Set(gpu.features.has("shader-f16") ? weights.halfNames : []);
  return {
    halfParameters,
    parameter: (name) => (halfParameters.has(name) ? weights.readF16(name) : weights.readF32(name)),
  };
}
