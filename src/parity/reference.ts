// What a network is compared with.
import type { Origin } from "../formats/source/source.ts";
import type { Shape, Tensor } from "../tensor.ts";

/** A tensor that another engine computed, row-major. */
export interface ReferenceTensor {
  readonly shape: Shape;
  readonly data: Float32Array;
}

/** What another engine computed for the same weights and inputs. */
export interface Reference {
  readonly name: string;
  layer(name: string): Promise<ReferenceTensor>;
  output(name: string): Promise<ReferenceTensor>;
  /** Absent where it has no gradients. */
  readonly gradients?: ReferenceGradients;
}

/** Gradients of a loss that is stated by those of the outputs. */
export interface ReferenceGradients {
  /** Outputs whose gradients it states; the others count as zero. */
  readonly of: readonly string[];
  /** Inputs and parameters whose gradients it has, in any order. */
  readonly names: readonly string[];
  ofOutput(name: string): Promise<ReferenceTensor>;
  gradient(name: string): Promise<ReferenceTensor>;
}

/** An engine that runs ONNX models, to be compared with. */
export interface ReferenceEngine {
  /** With its version, as `ONNX Runtime 1.30.0`. */
  readonly name: string;
  /** Runs a model once and returns all of its outputs. Throws UsageError for an input that is missing. */
  run(model: EngineModel, inputs: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, ReferenceTensor>>>;
}

/** A model file as another engine reads it. */
export interface EngineModel {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Where the bytes came from: external data lies beside it. */
  readonly origin: Origin;
}
