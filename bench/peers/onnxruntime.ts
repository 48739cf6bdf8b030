// ONNX Runtime, native in Node. Its own Dawn finds the adapter through the same Vulkan driver variables as ours.
import type { InferenceSession } from "onnxruntime-node";
import type { Node } from "../../src/graph/graph.ts";
import type { Conv3dAttributes } from "../../src/ops/conv3d.ts";
import { loadPackage } from "../../src/package.ts";
import type { BenchCase } from "../cases.ts";
import { type CaseData, type Contender, endsOf } from "../contenders.ts";
import { shareEmbeddedDriver } from "./dawn.ts";
import { toOnnx } from "./onnx.ts";
import { unsupported } from "./unsupported.ts";

/** The WebGPU provider, and no other: a node that it cannot take is an error, not work for the CPU. */
export async function createOnnxWebGpu(entry: BenchCase, data: CaseData): Promise<Contender> {
  const lacking = entry.graph.nodes.find(lacksKernel);
  if (lacking) throw unsupported("ONNX Runtime WebGPU", lacking);
  await shareEmbeddedDriver();
  return create("ONNX Runtime WebGPU", entry, data, {
    executionProviders: ["webgpu"],
    extra: { session: { disable_cpu_ep_fallback: "1" } },
  });
}

/** What its kernels refuse ("Only Conv2d or Conv1d are supported"), but only when they run. */
function lacksKernel({ operator, attrs }: Node): boolean {
  if (operator.name === "conv3d") return (attrs as Conv3dAttributes).groups > 1;
  return operator.name === "convTranspose3d";
}

export function createOnnxCpu(entry: BenchCase, data: CaseData): Promise<Contender> {
  return create("ONNX Runtime CPU", entry, data, { executionProviders: ["cpu"] });
}

async function create(
  name: string,
  { graph, precision }: BenchCase,
  data: CaseData,
  options: InferenceSession.SessionOptions,
): Promise<Contender> {
  const { image } = endsOf(graph);
  const [output] = graph.outputs.values();
  const { InferenceSession, Tensor } = await loadPackage("onnxruntime-node", () => import("onnxruntime-node"));
  const model = await toOnnx(graph, data.parameter, precision);
  const session = await InferenceSession.create(model, { ...options, logSeverityLevel: 3 });
  const feeds = { [image.name]: new Tensor("float32", data.image, image.type.shape) };
  return {
    name,
    async run() {
      const { data: values } = (await session.run(feeds))[output!.name]!;
      if (values instanceof Float32Array) return values;
      throw new Error(`${name}: output ${output!.name} is not f32`);
    },
    result: (raw) => raw,
    dispose: () => session.release(),
  };
}
