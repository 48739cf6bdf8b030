// The face that every engine has that trains, and atrous behind it. The other engines are in bench/peers.
import { BufferUsage, type Gpu } from "../../src/gpu/gpu.ts";
import type { RunInputs } from "../../src/graph/run/check-tensors.ts";
import type { MemoryReport } from "../../src/graph/run/compiled-graph.ts";
import type { GraphProfile } from "../../src/graph/run/profile.ts";
import { compileTrainStep } from "../../src/train/loop/train-step.ts";
import type { DataPlace } from "../record.ts";
import { learningRate, optimizer, statisticsMomentum, type TrainingCase, type TrainingData } from "./case.ts";

export interface Trainer {
  readonly name: string;
  /**
   * Takes one step; resolves to its loss, once that is in host memory. The batch comes from there too, or lies on the device;
   * weights and all else that a step changes stay there.
   */
  step(batch: DataPlace): Promise<number>;
  /** Trained parameters after the steps so far, row-major in PyTorch's layout. Not timed. */
  parameters(): Promise<ReadonlyMap<string, Float32Array>>;
  /** The most bytes that lay in GPU buffers at one moment so far. */
  readonly peakBytes: number;
  dispose(): Promise<void>;
}

/** What only atrous can tell of itself. */
export interface AtrousTrainer extends Trainer {
  /** That run in a step, in order, without repeats. */
  readonly kernels: readonly string[];
  readonly memory: MemoryReport;
  /** Takes further steps. */
  profile(rounds: number): Promise<GraphProfile>;
}

export async function createAtrousTrainer(gpu: Gpu, entry: TrainingCase, data: TrainingData): Promise<AtrousTrainer> {
  const { parameter } = data;
  const step = await compileTrainStep(gpu, entry.graph, { optimizer, parameter, statisticsMomentum });
  const [image, labels] = entry.graph.inputs.map(({ type }) => type.shape);
  const upload = (values: Float32Array | Uint32Array, label: string): GPUBuffer => {
    const buffer = gpu.createBuffer(values.byteLength, BufferUsage.STORAGE | BufferUsage.COPY_DST, label);
    gpu.device.queue.writeBuffer(buffer, 0, values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
    return buffer;
  };
  const buffers = { image: upload(data.image, "image"), labels: upload(data.labels, "labels") };
  const batches: Readonly<Record<DataPlace, RunInputs>> = {
    host: { image: { shape: image!, data: data.image }, labels: { shape: labels!, data: data.labels } },
    device: { image: { shape: image!, buffer: buffers.image }, labels: { shape: labels!, buffer: buffers.labels } },
  };
  const { memory } = step;
  return {
    name: "atrous",
    step: async (place) => (await step.run(batches[place], learningRate)).loss,
    parameters: async () => {
      const tensors = [...(await step.parameters())];
      return new Map(tensors.map(([name, tensor]) => [name, tensor.data as Float32Array]));
    },
    peakBytes: memory.activationBytes + memory.parameterBytes,
    kernels: [...new Set(step.compiled.steps.map(({ kernel }) => kernel))],
    memory,
    profile: (rounds) => step.profile(batches.host, learningRate, { rounds }),
    async dispose() {
      await step.dispose();
      for (const buffer of Object.values(buffers)) gpu.destroyBuffer(buffer);
    },
  };
}
