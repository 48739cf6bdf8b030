// From a model's file to a network on a device.

import { UsageError } from "../errors.ts";
import { importOnnx, isOnnx } from "../formats/onnx/index.ts";
import type { Origin } from "../formats/source/source.ts";
import { type Gpu, requireGpu } from "../gpu/gpu.ts";
import type { RunInputs } from "../graph/run/check-tensors.ts";
import { type CompileOptions, compile, compilingRules } from "../graph/run/compile.ts";
import type { CompiledGraph, MemoryReport, RunOptions, StartupReport } from "../graph/run/compiled-graph.ts";
import type { GraphProfile, ProfileOptions } from "../graph/run/profile.ts";
import { deviceTraits } from "../ops/device-traits.ts";
import { checkOptions, numbers, type Rules, someOf } from "../options.ts";
import type { Shape, Tensor } from "../tensor.ts";
import { type HeadOptions, headRules } from "./heads.ts";
import {
  buildModelGraph,
  type ModelFile,
  type ModelFileOptions,
  type ModelOutput,
  modelFileRules,
  openModelFile,
} from "./model-file.ts";
import { partsOf, runInParts } from "./parts.ts";
import { openWeights, weightsFor } from "./weights.ts";

/** How `loadModel` compiles a model. */
export interface LoadOptions
  extends Omit<CompileOptions, "parameter" | "reload" | "halfParameters">,
    HeadOptions,
    ModelFileOptions {
  /**
   * Shape of the image, [N, C, H, W]; fixed for the life of the model. An ONNX model needs one where it leaves sizes of its
   * input open; for several inputs see `importOnnx`.
   */
  readonly shape?: Shape;
  /** Of a network of this package. Default `["logits"]`; an ONNX model gives all of its own. */
  readonly outputs?: readonly ModelOutput[];
}

const { halfParameters: _, ...compilingModel } = compilingRules;
const loadRules: Rules<LoadOptions> = {
  shape: numbers,
  outputs: someOf("logits", "classes", "probabilities"),
  ...headRules,
  ...modelFileRules,
  ...compilingModel,
};

/** A network on a device. */
export class Model {
  /** Network, options, class names and preprocessing, as a weights file states them; undefined for ONNX. */
  readonly file: ModelFile | undefined;
  /**
   * In how many parts a batch is run: more than one where its tensors are too large for bindings of the device. `memory` and
   * `profile` are then of one part.
   */
  readonly parts: number;
  readonly #compiled: CompiledGraph;

  /** Made by {@link loadModel}. */
  constructor(file: ModelFile | undefined, compiled: CompiledGraph, parts = 1) {
    this.file = file;
    this.parts = parts;
    this.#compiled = compiled;
  }

  /**
   * Runs the network. `image` (of an ONNX model: each input by its name) is f32 [N, C, H, W] as given to `loadModel`, a typed
   * array or a GPUBuffer; every output is read back, or copied into the buffer that `options.into` names. A batch that runs in parts
   * takes arrays alone.
   */
  run(inputs: RunInputs, options?: RunOptions): Promise<Record<string, Tensor>> {
    if (this.parts > 1) return runInParts(this.#compiled, this.parts, inputs, options);
    return this.#compiled.run(inputs, options);
  }

  /**
   * Runs the network with a compute pass per node and measures each on the GPU; outputs are not read back.
   * Throws as `run` does, and DeviceError `unsupported` where the device has no `timestamp-query`.
   */
  profile(inputs: RunInputs, options?: ProfileOptions): Promise<GraphProfile> {
    return this.#compiled.profile(inputs, options);
  }

  /**
   * Goes on with another device of the caller's after the one given to `openGpu` was lost. Throws UsageError where the engine opened
   * the device, which comes back by itself with the next run, FormatError where the file is not there any more, DeviceError for the GPU.
   */
  restore(device: GPUDevice): Promise<void> {
    return this.#compiled.restore(device);
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
 * Loads exported weights, a checkpoint of PyTorch with the network that `options` name, or an ONNX model: a path (in Node), a URL, a
 * Blob or bytes.
 * Throws FormatError for the file, UnsupportedError for what an ONNX model needs and is not here, ShapeError for the shape,
 * UsageError for options, and where no shape is given and one is needed, DeviceError for the GPU.
 */
export async function loadModel(gpu: Gpu, origin: Origin, options: LoadOptions = {}): Promise<Model> {
  requireGpu("loadModel", gpu);
  checkOptions("loadModel", options, loadRules);
  return (await isOnnx(origin)) ? loadOnnx(gpu, origin, options) : loadWeights(gpu, origin, options);
}

async function loadWeights(gpu: Gpu, origin: Origin, options: LoadOptions): Promise<Model> {
  const { shape, outputs = ["logits"], level, averageHeads, network, options: chosen, ...compiling } = options;
  if (shape === undefined)
    throw new UsageError("loadModel: shape is missing, expected that of the image, [N, C, H, W]");
  const file = await openModelFile(origin, { network, options: chosen });
  try {
    const [items = 1, ...image] = shape;
    const graphOf = (count: number) => buildModelGraph(file, [count, ...image], outputs, { level, averageHeads });
    const weights = weightsFor(gpu, file.weights, () => openWeights(origin));
    const parts = partsOf(items, graphOf, deviceTraits(gpu), compiling);
    const compiled = await compile(gpu, graphOf(items / parts), { ...compiling, ...weights });
    return new Model(file, compiled, parts);
  } finally {
    await file.weights.close();
  }
}

async function loadOnnx(gpu: Gpu, origin: Origin, options: LoadOptions): Promise<Model> {
  const { shape, outputs, level, averageHeads, network, options: chosen, ...compiling } = options;
  if (outputs) throw new UsageError("loadModel: outputs of an ONNX model are its own, expected no outputs");
  if (level !== undefined || averageHeads)
    throw new UsageError("loadModel: an ONNX model has no levels, expected none");
  if (network !== undefined || chosen !== undefined)
    throw new UsageError("loadModel: an ONNX model is its own network, expected no network and no options");
  const open = () => importOnnx(origin, shape ? { shape } : {});
  const model = await open();
  try {
    return new Model(
      undefined,
      await compile(gpu, model.graph, { ...compiling, ...weightsFor(gpu, model.weights, open) }),
    );
  } finally {
    await model.close();
  }
}
