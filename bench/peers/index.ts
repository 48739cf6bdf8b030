// The engines that atrous is compared with. Nothing of a peer is loaded before it is asked for.
import type { BenchCase } from "../cases.ts";
import type { CaseData, Contender } from "../contenders.ts";
import type { TrainingCase, TrainingData } from "../training/case.ts";
import type { Trainer } from "../training/trainer.ts";

/** Rejects with Error where the peer's package is not installed, or names the operator that the peer does not compute. */
export type CreatePeer = (entry: BenchCase, data: CaseData) => Promise<Contender>;

/** Rejects as {@link CreatePeer} does. */
export type CreateTrainer = (entry: TrainingCase, data: TrainingData) => Promise<Trainer>;

/** By the name of the contender. */
export const peers = {
  "ONNX Runtime WebGPU": async (entry, data) => (await import("./onnxruntime.ts")).createOnnxWebGpu(entry, data),
  "ONNX Runtime CPU": async (entry, data) => (await import("./onnxruntime.ts")).createOnnxCpu(entry, data),
  "TensorFlow.js WebGPU": async (entry, data) => (await import("./tensorflow.ts")).createTensorFlow(entry, data),
  "jax-js": async (entry, data) => (await import("./jax.ts")).createJax(entry, data),
} as const satisfies Readonly<Record<string, CreatePeer>>;

/** Those that train. */
export const trainers: Readonly<Partial<Record<keyof typeof peers, CreateTrainer>>> = {
  "TensorFlow.js WebGPU": async (...given) =>
    (await import("./tensorflow-training.ts")).createTensorFlowTrainer(...given),
  "jax-js": async (...given) => (await import("./jax-training.ts")).createJaxTrainer(...given),
};
