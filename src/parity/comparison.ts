// A network and a reference that it is compared with, whatever the two were read from.
import { FormatError, UsageError } from "../errors.ts";
import { type ImportOptions, isOnnx } from "../formats/onnx/index.ts";
import type { Origin } from "../formats/source/source.ts";
import { findValue, type Graph, type Value } from "../graph/ir/graph.ts";
import { buildModelGraph, openModelFile } from "../models/model-file.ts";
import type { Weights } from "../models/weights.ts";
import type { Tensor } from "../tensor.ts";
import { compareOnnx } from "./onnx.ts";
import type { Reference, ReferenceEngine } from "./reference.ts";
import { ReferenceFile } from "./reference-file.ts";

/** What of an ONNX model is open: shapes, and the inputs of the one run. */
export interface ComparisonOptions extends ImportOptions {
  /** Inputs of an ONNX model. By default the same random numbers each time, in [-1, 1). */
  readonly inputs?: Readonly<Record<string, Tensor>>;
}

export interface Comparison {
  readonly name: string;
  readonly graph: Graph;
  readonly weights: Weights;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly reference: Reference;
  /** In forward order. */
  readonly layers: readonly ComparedLayer[];
  /** Values of the reference that the network does not have. */
  readonly skipped: number;
  /** The reference stores tensors in f16. */
  readonly isHalf: boolean;
  /** The reference computes functions such as sigmoid to the last places of f32. */
  readonly isExact: boolean;
  /** The output whose largest element along the channels is the class of a pixel. */
  readonly classes: string | undefined;
  close(): Promise<void>;
}

export interface ComparedLayer {
  /** As the report names it. */
  readonly name: string;
  readonly operator: string | undefined;
  /** As the reference names its value. */
  readonly key: string;
  readonly value: Value;
}

/** Opens model and reference. Throws UsageError where they are not of one kind, FormatError where they do not fit each other. */
export async function openComparison(
  model: Origin,
  reference: Origin | ReferenceEngine,
  options: ComparisonOptions,
): Promise<Comparison> {
  const isGiven = typeof reference === "object" && "run" in reference;
  if (await isOnnx(model)) {
    if (isGiven) return compareOnnx(model, reference, options);
    throw new UsageError(`${nameOf(model)}: is an ONNX model, expected an engine that runs it as the reference`);
  }
  if (isGiven)
    throw new UsageError(`${nameOf(model)}: ${reference.name} runs ONNX models only, expected an .onnx file`);
  const [unread] = Object.keys(options);
  if (unread !== undefined) throw new UsageError(`${unread}: is stated by the reference, expected none`);
  return compareWithFile(model, reference);
}

function nameOf(model: Origin): string {
  return typeof model === "string" || model instanceof URL ? String(model) : "model";
}

/** A network of this package, and the numbers that PyTorch computed for it. */
async function compareWithFile(model: Origin, origin: Origin): Promise<Comparison> {
  const reference = await ReferenceFile.open(origin);
  try {
    const file = await openModelFile(model);
    const close = async () => {
      await file.weights.close();
      await reference.close();
    };
    try {
      const image = await reference.input("image");
      const graph = buildModelGraph(file, image.shape, reference.outputs);
      const layers = reference.layers.map((name) => {
        const value = findValue(graph, name);
        if (!value) throw new FormatError(`${reference.name}: the network has no layer "${name}"`);
        return { name, operator: undefined, key: name, value };
      });
      return {
        name: file.name,
        graph,
        weights: file.weights,
        inputs: { image },
        reference,
        layers,
        skipped: 0,
        isHalf: false,
        isExact: true,
        classes: "logits",
        close,
      };
    } catch (error) {
      await file.weights.close();
      throw error;
    }
  } catch (error) {
    await reference.close();
    throw error;
  }
}
