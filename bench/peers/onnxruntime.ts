// ONNX Runtime, native in Node. Its own Dawn finds the adapter through the same Vulkan driver variables as ours.
import type { InferenceSession } from "onnxruntime-node";
import type { Node } from "../../src/graph/ir/graph.ts";
import type { Conv3dAttributes } from "../../src/ops/conv/conv3d.ts";
import { loadPackage } from "../../src/package.ts";
import { elementCount } from "../../src/tensor.ts";
import type { BenchCase } from "../cases.ts";
import { type CaseData, type Contender, floatOutputs, joinOutputs, onlyInput, requireFloats } from "../contenders.ts";
import { shareEmbeddedDriver } from "./dawn.ts";
import { toOnnx } from "./onnx.ts";
import { unsupported } from "./unsupported.ts";

const webGpu = "ONNX Runtime WebGPU";

/**
 * The WebGPU provider, and no other: a node that it cannot take is an error, not work for the CPU. Of a file's nodes, some of
 * which only calculate shapes, those that it cannot take go to the CPU, and that is noted.
 */
export async function createOnnxWebGpu(entry: BenchCase, data: CaseData): Promise<Contender> {
  const lacking = entry.graph.nodes.find(lacksKernel);
  if (lacking) throw unsupported(webGpu, lacking);
  await shareEmbeddedDriver();
  const executionProviders = ["webgpu"];
  const alone = { executionProviders, extra: { session: { disable_cpu_ep_fallback: "1" } } };
  try {
    return await create(webGpu, entry, data, alone);
  } catch (error) {
    if (!entry.file) throw error;
    return { ...(await create(webGpu, entry, data, { executionProviders })), note: "some nodes on its CPU provider" };
  }
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
  { graph, precision, file }: BenchCase,
  data: CaseData,
  options: InferenceSession.SessionOptions,
): Promise<Contender> {
  const image = onlyInput(graph);
  const values = floatOutputs(graph).map((output) => graph.outputs.get(output)!);
  const outputs = file ? floatOutputs(graph) : values.map((value) => value.name);
  const { InferenceSession, Tensor } = await loadPackage("onnxruntime-node", () => import("onnxruntime-node"));
  // What goes wrong is an error here, or tried again.
  const logged = { ...options, logSeverityLevel: 4 } as const;
  const session = file
    ? await InferenceSession.create(file.path, logged)
    : await InferenceSession.create(await toOnnx(graph, data.parameter, precision), logged);
  const feeds = { [image.name]: new Tensor("float32", data.image, image.type.shape) };
  const fetches = Object.fromEntries(
    values.map(({ type: { shape } }, i) => {
      return [outputs[i]!, new Tensor("float32", new Float32Array(elementCount(shape)), shape)];
    }),
  );
  return {
    name,
    async run() {
      const results = await session.run(feeds, fetches);
      return joinOutputs(outputs.map((output) => requireFloats(name, output, results[output]!.data)));
    },
    result: (raw) => raw.slice(),
    dispose: () => session.release(),
  };
}
