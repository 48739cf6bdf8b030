// What a network is compared with.
import type { Origin } from "../formats/source.ts";
import type { Shape, Tensor } from "../tensor.ts";

export interface ReferenceTensor {
  readonly shape: Shape;
  readonly data: Float32Array;
}

/** What another engine computed for the same weights and inputs. */
export interface Reference {
  readonly name: string;
  layer(name: string): Promise<ReferenceTensor>;
  output(name: string): Promise<ReferenceTensor>;
}

/** An engine that runs ONNX models, to be compared with. */
export interface ReferenceEngine {
  /** With its version, as `ONNX Runtime 1.30.0`. */
  readonly name: string;
  /** Runs a model once and returns all of its outputs. Throws UsageError for an input that is missing. */
  run(model: EngineModel, inputs: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, ReferenceTensor>>>;
}

export interface EngineModel {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Where the bytes came from: external data lies beside it. */
  readonly origin: Origin;
}
