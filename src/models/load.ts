// From a weights file to a network on a device.

import type { Origin } from "../formats/source.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { type CompileOptions, compile } from "../graph/compile.ts";
import type { CompiledGraph, MemoryReport, RunInputs, RunOptions, StartupReport } from "../graph/compiled-graph.ts";
import type { GraphProfile, ProfileOptions } from "../graph/profile.ts";
import type { Shape, Tensor } from "../tensor.ts";
import { buildModelGraph, type ModelFile, type ModelOutput, openModelFile } from "./model-file.ts";
import { weightsFor } from "./weights.ts";

export interface LoadOptions extends Omit<CompileOptions, "parameter" | "halfParameters"> {
  /** Shape of the image, [N, C, H, W]; fixed for the life of the model. */
  readonly shape: Shape;
  /** Default `["logits"]`. */
  readonly outputs?: readonly ModelOutput[];
}

/** A network on a device. */
export class Model {
  /** Network, options, class names and preprocessing, as the file states them. */
  readonly file: ModelFile;
  readonly #compiled: CompiledGraph;

  /** Made by {@link loadModel}. */
  constructor(file: ModelFile, compiled: CompiledGraph) {
    this.file = file;
    this.#compiled = compiled;
  }

  /**
   * Runs the network. `image` is f32 [N, C, H, W] as given to `loadModel`, a typed array or a GPUBuffer; every output is
   * read back, or copied into the buffer that `options.into` names.
   */
  run(inputs: RunInputs, options?: RunOptions): Promise<Record<string, Tensor>> {
    return this.#compiled.run(inputs, options);
  }

  /**
   * Runs the network with a compute pass per node and measures each on the GPU; outputs are not read back.
   * Throws as `run` does, and DeviceError `unsupported` where the device has no `timestamp-query`.
   */
  profile(inputs: RunInputs, options?: ProfileOptions): Promise<GraphProfile> {
    return this.#compiled.profile(inputs, options);
  }

  get memory(): MemoryReport {
    return this.#compiled.memory;
  }

  get startup(): StartupReport {
    return this.#compiled.startup;
  }

  get steps(): CompiledGraph["steps"] {
    return this.#compiled.steps;
  }

  /** Frees the GPU memory, after the runs that were asked for have ended. */
  dispose(): Promise<void> {
    return this.#compiled.dispose();
  }
}

/**
 * Loads exported weights: a path (in Node), a URL, a Blob or bytes.
 * Throws FormatError for the file, ShapeError for the shape, DeviceError for the GPU.
 */
export async function loadModel(gpu: Gpu, origin: Origin, options: LoadOptions): Promise<Model> {
  const file = await openModelFile(origin);
  try {
    const { shape, outputs = ["logits"], ...compiling } = options;
    const graph = buildModelGraph(file, shape, outputs);
    return new Model(file, await compile(gpu, graph, { ...compiling, ...weightsFor(gpu, file.weights) }));
  } finally {
    await file.weights.close();
  }
}
