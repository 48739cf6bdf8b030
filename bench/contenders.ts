// The face that every measured engine has, its data, and atrous behind that face. The other engines are in bench/peers.
import { UsageError } from "../src/errors.ts";
import { BufferUsage, type Gpu } from "../src/gpu/gpu.ts";
import type { Graph, Value } from "../src/graph/ir/graph.ts";
import { compile } from "../src/graph/run/compile.ts";
import type { MemoryReport } from "../src/graph/run/compiled-graph.ts";
import type { GraphProfile } from "../src/graph/run/profile.ts";
import type { Tuning } from "../src/graph/tune/tuning.ts";
import { weightsFor } from "../src/models/weights.ts";
import { byteLength, elementCount, type TensorData } from "../src/tensor.ts";
import type { BenchCase } from "./cases.ts";
import { createRandom, seedOf } from "./random.ts";

export interface Contender {
  readonly name: string;
  /** What times of this engine do not tell, e.g. where it computed. */
  readonly note?: string;
  /**
   * Uploads the image, computes, reads the result back: to the same array every time where the engine can. Both in the engine's
   * own layout. Timed, unless data stays on the GPU.
   */
  run(): Promise<Float32Array>;
  /** The same on an image that is on the GPU, with the result left there; resolves when the GPU is done. Absent where an engine cannot. */
  compute?(): Promise<void>;
  /** A copy of what `run` gave, as row-major [N, C, H, W] or [N, C, D, H, W]. Not timed. */
  result(raw: Float32Array): Float32Array;
  dispose(): Promise<void>;
}

export interface AtrousData {
  /** Row-major [N, C, H, W] or [N, C, D, H, W]. */
  readonly image: Float32Array;
  readonly parameter: (name: string) => Promise<TensorData>;
}

export interface CaseData extends AtrousData {
  readonly parameter: (name: string) => Promise<Float32Array>;
}

/** The only input and the only output of a case's graph. Throws Error where there are more. */
export function endsOf({ inputs, outputs }: Graph): { readonly image: Value; readonly output: string } {
  const [image] = inputs;
  const [output] = outputs.keys();
  if (inputs.length === 1 && outputs.size === 1 && image && output !== undefined) return { image, output };
  throw new Error(`bench: the graph has ${inputs.length} inputs and ${outputs.size} outputs, expected one of each`);
}

/** The only input of a graph. Throws UsageError where there are more. */
export function onlyInput({ inputs }: Graph): Value {
  const [input] = inputs;
  if (input && inputs.length === 1) return input;
  throw new UsageError(`bench: the graph has ${inputs.length} inputs, expected one`);
}

/** Names of the outputs that are compared: labels are left out. Throws UsageError where nothing is left. */
export function floatOutputs({ outputs }: Graph): readonly string[] {
  const names = [...outputs].filter(([, { type }]) => type.dtype === "f32").map(([name]) => name);
  if (names.length > 0) return names;
  throw new UsageError("bench: the graph has no f32 output, expected one");
}

/** Several outputs on end. */
export function joinOutputs([first, ...others]: readonly Float32Array[]): Float32Array {
  if (others.length === 0) return first!;
  const all = [first!, ...others];
  const joined = new Float32Array(all.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of all) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** What only atrous can tell of itself. */
export interface AtrousContender extends Contender {
  /** That run, in order, without repeats. */
  readonly kernels: readonly string[];
  readonly memory: MemoryReport;
  compute(): Promise<void>;
  profile(rounds: number): Promise<GraphProfile>;
}

export async function createAtrous(
  gpu: Gpu,
  { graph, precision, file }: Pick<BenchCase, "graph" | "precision" | "file">,
  data: AtrousData,
  tuning?: Tuning,
): Promise<AtrousContender> {
  const image = onlyInput(graph);
  const outputs = floatOutputs(graph);
  const weights = file ? weightsFor(gpu, file.weights) : { parameter: data.parameter };
  const compiled = await compile(gpu, graph, { precision, ...weights, ...(tuning && { tuning }) });
  const { shape } = image.type;
  const feeds = { [image.name]: { shape, data: data.image } };
  const usage = BufferUsage.STORAGE | BufferUsage.COPY_DST;
  const imageBuffer = gpu.createBuffer(byteLength(image.type), usage, "image");
  const into = Object.fromEntries(
    [...graph.outputs].map(([name, { type }]) => [name, gpu.createBuffer(byteLength(type), usage, name)]),
  );
  const arrays = Object.fromEntries(
    outputs.map((output) => [output, new Float32Array(elementCount(graph.outputs.get(output)!.type.shape))]),
  );
  gpu.device.queue.writeBuffer(
    imageBuffer,
    0,
    data.image.buffer as ArrayBuffer,
    data.image.byteOffset,
    data.image.byteLength,
  );
  return {
    name: "atrous",
    async run() {
      const results = await compiled.run(feeds, { into: arrays });
      return joinOutputs(outputs.map((output) => requireFloats("atrous", output, results[output]!.data)));
    },
    async compute() {
      await compiled.run({ [image.name]: { shape, buffer: imageBuffer } }, { into });
    },
    result: (raw) => raw.slice(),
    kernels: [...new Set(compiled.steps.map(({ kernel }) => kernel))],
    memory: compiled.memory,
    profile: (rounds) => compiled.profile(feeds, { rounds }),
    async dispose() {
      await compiled.dispose();
      for (const buffer of [imageBuffer, ...Object.values(into)]) gpu.destroyBuffer(buffer);
    },
  };
}

/** Throws Error for an output of another type. */
export function requireFloats(engine: string, output: string, data: unknown): Float32Array {
  if (data instanceof Float32Array) return data;
  throw new Error(`${engine}: output ${output} is not f32`);
}

/** A file's own image and weights; else seeded ones: weights are scaled so that activations keep their size from layer to layer. */
export function createData({ graph, file }: Pick<BenchCase, "graph" | "file">): CaseData {
  if (file) return { image: file.image, parameter: (name) => file.weights.readF32(name) };
  const shapes = new Map(graph.parameters.map(({ name, type }) => [name, type.shape]));
  const parameter = async (name: string) => {
    const shape = shapes.get(name)!;
    const random = createRandom(seedOf(name));
    const values = Float32Array.from({ length: elementCount(shape) }, () => random() * 2 - 1);
    if (name.endsWith("running_var")) return values.map((value) => 1 + value / 2);
    if (shape.length === 1) return values.map((value) => (name.endsWith("weight") ? 1 + value / 4 : value / 4));
    const fanIn = elementCount(shape.slice(1));
    return values.map((value) => value * Math.sqrt(6 / fanIn));
  };
  const random = createRandom(seedOf("image"));
  const count = elementCount(graph.inputs[0]!.type.shape);
  return { parameter, image: Float32Array.from({ length: count }, () => random() * 2 - 1) };
}
