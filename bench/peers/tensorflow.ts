// TensorFlow.js on its WebGPU backend, channels last inside and on both ends, which is what its kernels are written for.
import type { Tensor } from "@tensorflow/tfjs-core";
import type { Value } from "../../src/graph/ir/graph.ts";
import { loadPackage } from "../../src/package.ts";
import type { BenchCase } from "../cases.ts";
import type { CaseData, Contender } from "../contenders.ts";
import { provideDawn } from "./dawn.ts";
import { channelsFirst, channelsLast, permute } from "./layout.ts";
import { prepareGraph } from "./prepared-graph.ts";
import { tensorFlowName as name, type TensorFlow, translateToTensorFlow } from "./tensorflow-operators.ts";
import { requireF32, requireShape } from "./unsupported.ts";

/** Rejects with Error naming the first operator that has no translation. */
export async function createTensorFlow(entry: BenchCase, data: CaseData): Promise<Contender> {
  requireF32(name, entry);
  const tf = await loadTensorFlow();
  const { image, output, nodes, fixed } = await prepareGraph(name, entry.graph, data.parameter);
  const weights: Tensor[] = [];
  const upload = (values: Float32Array, shape: readonly number[]) => {
    const tensor = tf.tensor(values, [...shape]);
    weights.push(tensor);
    return tensor;
  };
  let resident: Tensor | undefined;
  const dispose = async () => {
    tf.dispose([...weights.splice(0), ...(resident ? [resident] : [])]);
  };

  /** Runs under `tidy`, which disposes of all that is between. */
  const forward = (input: Tensor, steps: readonly Step[]) => {
    const values = new Map<Value, Tensor>([[image, input]]);
    for (const { node, compute } of steps) {
      const result = compute((value) => values.get(value)!);
      requireShape(name, node, result.shape, withChannelsLast(node.outputs[0]!.type.shape));
      values.set(node.outputs[0]!, result);
    }
    return values.get(output)!;
  };
  type Step = { readonly node: (typeof nodes)[number]; readonly compute: ReturnType<typeof translateToTensorFlow> };

  try {
    const steps = nodes.map((node) => ({ node, compute: translateToTensorFlow(tf, node, { fixed, upload }) }));
    const { shape } = image.type;
    const host = permute(data.image, shape, channelsLast(shape.length));
    return {
      name,
      async run() {
        const result = tf.tidy(() => forward(tf.tensor(host, withChannelsLast(shape)), steps));
        try {
          const values = await result.data();
          if (values instanceof Float32Array) return values;
          throw new Error(`${name}: output ${output.name} is not f32`);
        } finally {
          result.dispose();
        }
      },
      async compute() {
        resident ??= tf.tensor(host, withChannelsLast(shape));
        const input = resident;
        const result = tf.tidy(() => forward(input, steps));
        // What its own read-back does before it waits.
        const backend = tf.backend() as unknown as WebGpuBackend;
        backend.endComputePassEncoder();
        backend.submitQueue();
        await backend.queue.onSubmittedWorkDone();
        result.dispose();
      },
      result: (raw) => permute(raw, withChannelsLast(output.type.shape), channelsFirst(output.type.shape.length)),
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** What the package does not declare of its backend. */
interface WebGpuBackend {
  readonly queue: GPUQueue;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

/** Throws Error unless [N, C, H, W] or [N, C, D, H, W]. */
function withChannelsLast(shape: readonly number[]): number[] {
  if (shape.length !== 4 && shape.length !== 5)
    throw new Error(`${name}: got a tensor with ${shape.length} axes, expected [N, C, H, W] or [N, C, D, H, W]`);
  return channelsLast(shape.length).map((axis) => shape[axis]!);
}

export async function loadTensorFlow(): Promise<TensorFlow> {
  await provideDawn();
  const tf = await loadPackage("@tensorflow/tfjs-core", () => import("@tensorflow/tfjs-core"));
  await loadPackage("@tensorflow/tfjs-backend-webgpu", () => import("@tensorflow/tfjs-backend-webgpu"));
  // Leaves out checks of arguments and of NaN, as an application does that is in use.
  tf.enableProdMode();
  if (tf.getBackend() !== "webgpu" && !(await tf.setBackend("webgpu"))) {
    throw new Error(`${name}: its WebGPU backend does not start here`);
  }
  await tf.ready();
  return tf;
}
