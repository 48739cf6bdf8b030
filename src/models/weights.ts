// A file's tensors as the parameters of a graph.
import { openTensors } from "../formats/open-tensors.ts";
import type { Origin } from "../formats/source/source.ts";
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

/** Weights, and how to close them. */
export interface OpenedWeights {
  readonly weights: Weights;
  close(): Promise<void>;
}

/** Of a safetensors file, whatever its metadata, or of a checkpoint of PyTorch. */
export async function openWeights(origin: Origin): Promise<OpenedWeights> {
  const weights = await openTensors(origin);
  return { weights, close: () => weights.close() };
}

/**
 * What `compile` asks of weights. What a file has in f16 goes to the device as it is, where that has `shader-f16`. After a loss of
 * the device `open` opens them again; without it, they are still open.
 */
export function weightsFor(
  gpu: Gpu,
  weights: Weights,
  open?: () => Promise<OpenedWeights>,
): Pick<CompileOptions, "parameter" | "halfParameters" | "reload"> {
  const halfParameters = new Set(gpu.features.has("shader-f16") ? weights.halfNames : []);
  const readerOf = (source: Weights) => (name: string) =>
    halfParameters.has(name) ? source.readF16(name) : source.readF32(name);
  const given = { halfParameters, parameter: readerOf(weights) };
  if (!open) return given;
  const reload = async () => {
    const again = await open();
    return { parameter: readerOf(again.weights), close: () => again.close() };
  };
  return { ...given, reload };
}
