// The face that every measured engine has, its data, and atrous behind that face. The other engines are in bench/peers.
import { BufferUsage, type Gpu } from "../src/gpu/gpu.ts";
import { compile } from "../src/graph/compile.ts";
import type { MemoryReport } from "../src/graph/compiled-graph.ts";
import type { Graph, Value } from "../src/graph/graph.ts";
import type { GraphProfile } from "../src/graph/profile.ts";
import type { Tuning } from "../src/graph/tuning.ts";
import { byteLength, elementCount, type TensorData } from "../src/tensor.ts";
import { createRandom, seedOf } from "../test/support/random.ts";
import type { BenchCase } from "./cases.ts";

export interface Contender {
  readonly name: string;
  /** Uploads the image, computes, reads the result back. Both in the engine's own layout. Timed, unless data stays on the GPU. */
  run(): Promise<Float32Array>;
  /** The same on an image that is on the GPU, with the result left there; resolves when the GPU is done. Absent where an engine cannot. */
  compute?(): Promise<void>;
  /** What `run` gave, as row-major [N, C, H, W] or [N, C, D, H, W]. Not timed. */
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
  { graph, precision }: BenchCase,
  data: AtrousData,
  tuning?: Tuning,
): Promise<AtrousContender> {
  const { image, output } = endsOf(graph);
  const compiled = await compile(gpu, graph, { precision, parameter: data.parameter, ...(tuning && { tuning }) });
  const { shape } = image.type;
  const feeds = { [image.name]: { shape, data: data.image } };
  const usage = BufferUsage.STORAGE | BufferUsage.COPY_DST;
  const buffers = {
    image: gpu.createBuffer(byteLength(image.type), usage, "image"),
    result: gpu.createBuffer(byteLength(graph.outputs.get(output)!.type), usage, "result"),
  };
  gpu.device.queue.writeBuffer(
    buffers.image,
    0,
    data.image.buffer as ArrayBuffer,
    data.image.byteOffset,
    data.image.byteLength,
  );
  return {
    name: "atrous",
    async run() {
      const { data: logits } = (await compiled.run(feeds))[output]!;
      if (logits instanceof Float32Array) return logits;
      throw new Error(`bench: output ${output} is not f32`);
    },
    async compute() {
      await compiled.run({ [image.name]: { shape, buffer: buffers.image } }, { into: { [output]: buffers.result } });
    },
    result: (raw) => raw,
    kernels: [...new Set(compiled.steps.map(({ kernel }) => kernel))],
    memory: compiled.memory,
    profile: (rounds) => compiled.profile(feeds, { rounds }),
    async dispose() {
      await compiled.dispose();
      for (const buffer of Object.values(buffers)) gpu.destroyBuffer(buffer);
    },
  };
}

/** Seeded image and weights; weights are scaled so that activations keep their size from layer to layer. */
export function createData({ graph }: Pick<BenchCase, "graph">): CaseData {
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
