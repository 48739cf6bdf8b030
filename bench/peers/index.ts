// The engines that atrous is compared with. Nothing of a peer is loaded before it is asked for.
import type { BenchCase } from "../cases.ts";
import type { CaseData, Contender } from "../contenders.ts";

/** Rejects with Error where the peer's package is not installed, or names the operator that the peer does not compute. */
export type CreatePeer = (entry: BenchCase, data: CaseData) => Promise<Contender>;

/** By the name of the contender. */
export const peers = {
  "ONNX Runtime WebGPU": async (entry, data) => (await import("./onnxruntime.ts")).createOnnxWebGpu(entry, data),
  "ONNX Runtime CPU": async (entry, data) => (await import("./onnxruntime.ts")).createOnnxCpu(entry, data),
  "TensorFlow.js WebGPU": async (entry, data) => (await import("./tensorflow.ts")).createTensorFlow(entry, data),
  "jax-js": async (entry, data) => (await import("./jax.ts")).createJax(entry, data),
} as const satisfies Readonly<Record<string, CreatePeer>>;
