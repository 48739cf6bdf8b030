// The engines that are compared, behind one face: data in, data out, in host memory on both sides.
import type { InferenceSession } from "onnxruntime-node";
import type { Gpu } from "../src/gpu/gpu.ts";
import { compile } from "../src/graph/compile.ts";
import { elementCount } from "../src/tensor.ts";
import { createRandom, seedOf } from "../test/support/random.ts";
import type { BenchCase } from "./cases.ts";
import { toOnnx } from "./onnx.ts";

export interface Contender {
  readonly name: string;
  /** Uploads the image, computes, reads the result back. */
  run(): Promise<Float32Array>;
  dispose(): Promise<void>;
}

export interface CaseData {
  readonly image: Float32Array;
  readonly parameter: (name: string) => Promise<Float32Array>;
}

export async function createAtrous(gpu: Gpu, { graph }: BenchCase, data: CaseData): Promise<Contender> {
  const compiled = await compile(gpu, graph, { parameter: data.parameter });
  const [output] = graph.outputs.keys();
  const image = { shape: graph.inputs[0]!.type.shape, data: data.image };
  return {
    name: "atrous",
    run: async () => (await compiled.run({ image }))[output!]!.data as Float32Array,
    dispose: () => compiled.dispose(),
  };
}

/** ONNX Runtime's native WebGPU provider; its Dawn finds the adapter through the same Vulkan driver variables. */
export async function createOnnxRuntime({ graph }: BenchCase, data: CaseData): Promise<Contender> {
  const { InferenceSession, Tensor } = await import("onnxruntime-node");
  const model = await toOnnx(graph, data.parameter);
  const options: InferenceSession.SessionOptions = { executionProviders: ["webgpu"], logSeverityLevel: 3 };
  const session = await InferenceSession.create(model, options);
  const { name, type } = graph.inputs[0]!;
  const [output] = graph.outputs.values();
  const feeds = { [name]: new Tensor("float32", data.image, type.shape) };
  return {
    name: "ONNX Runtime WebGPU",
    async run() {
      const results = await session.run(feeds);
      return results[output!.name]!.data as Float32Array;
    },
    dispose: () => session.release(),
  };
}

/** Seeded image and weights; weights are scaled so that activations keep their size from layer to layer. */
export function createData({ graph }: BenchCase): CaseData {
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
