// Compares a network, layer by layer, with what PyTorch computed for the same weights and input.

import { type ClassDifference, classDifference, type Difference, difference } from "../difference.ts";
import { FormatError } from "../errors.ts";
import type { Origin } from "../formats/source.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { Precision } from "../graph/assemble.ts";
import { compile } from "../graph/compile.ts";
import { findValue, type Graph, type Value } from "../graph/graph.ts";
import { buildModelGraph, type ModelFile, openModelFile } from "../models/model-file.ts";
import { weightsFor } from "../models/weights.ts";
import { formatShape, type Shape, shapesEqual, type Tensor } from "../tensor.ts";
import { Reference, type ReferenceTensor } from "./reference.ts";

export interface ParityRow extends Difference {
  /** PyTorch's module name; `logits` for the network as users run it, with nothing kept between. */
  readonly layer: string;
  readonly shape: Shape;
  readonly passed: boolean;
}

export interface ParityReport {
  readonly model: string;
  readonly reference: string;
  readonly adapter: string;
  /** How the network stored its tensors. */
  readonly precision: "f32" | "f16";
  /** Largest relative L2 error that passes. */
  readonly limit: number;
  /** Layers in forward order, then `logits`. */
  readonly rows: readonly ParityRow[];
  /** The first layer that is off. */
  readonly firstDivergence: string | undefined;
  readonly classes: ClassDifference;
  readonly passed: boolean;
}

/** Largest relative L2 error of a whole network against PyTorch in f32 on the CPU, by how the network stores its tensors. */
export const parityLimits = { f32: 1e-5, f16: 5e-3 } as const;

export type ParityOptions = Precision;

/**
 * Runs the network twice: once with every layer of the reference kept, so that the first divergence can be named, and
 * once as users run it, with everything fused that can be. In f16 the class map is reported, not judged: where it may
 * differ follows from how close the classes are.
 * Throws FormatError when the files do not fit each other.
 */
export async function runParity(
  gpu: Gpu,
  model: Origin,
  referenceOrigin: Origin,
  options: ParityOptions = {},
): Promise<ParityReport> {
  const reference = await Reference.open(referenceOrigin);
  try {
    const file = await openModelFile(model);
    try {
      return await compareAll(gpu, file, reference, options);
    } finally {
      await file.weights.close();
    }
  } finally {
    await reference.close();
  }
}

async function compareAll(
  gpu: Gpu,
  file: ModelFile,
  reference: Reference,
  options: ParityOptions,
): Promise<ParityReport> {
  const { precision = "f32" } = options;
  const limit = parityLimits[precision];
  const image = await reference.input("image");
  const graph = buildModelGraph(file, image.shape, ["logits"]);
  const expected = await reference.output("logits");

  const rows: ParityRow[] = [];
  const layers = await runGraph(gpu, keepLayers(graph, reference), { file, image, options });
  for (const layer of reference.layers) {
    rows.push({
      layer,
      ...compare(`${reference.name}: layer "${layer}"`, layers[layer]!, await reference.layer(layer), limit),
    });
  }
  const { logits } = await runGraph(gpu, graph, { file, image, options });
  rows.push({ layer: "logits", ...compare(`${reference.name}: layer "logits"`, logits!, expected, limit) });

  const classes = classDifference(expected.shape, logits!.data as Float32Array, expected.data);
  const firstDivergence = rows.find((row) => !row.passed)?.layer;
  return {
    model: file.name,
    reference: reference.name,
    adapter: gpu.adapter.driver,
    precision,
    limit,
    rows,
    firstDivergence,
    classes,
    passed: firstDivergence === undefined && (precision === "f16" || classes.unexplained === 0),
  };
}

function keepLayers(graph: Graph, reference: Reference): Graph {
  const outputs = new Map<string, Value>();
  for (const layer of reference.layers) {
    const value = findValue(graph, layer);
    if (!value) throw new FormatError(`${reference.name}: the network has no layer "${layer}"`);
    outputs.set(layer, value);
  }
  return { ...graph, outputs };
}

async function runGraph(
  gpu: Gpu,
  graph: Graph,
  { file, image, options }: { file: ModelFile; image: Tensor; options: ParityOptions },
): Promise<Record<string, Tensor>> {
  const compiled = await compile(gpu, graph, { ...options, ...weightsFor(gpu, file.weights) });
  try {
    return await compiled.run({ image });
  } finally {
    await compiled.dispose();
  }
}

function compare(where: string, got: Tensor, expected: ReferenceTensor, limit: number): Omit<ParityRow, "layer"> {
  if (!shapesEqual(got.shape, expected.shape)) {
    const shapes = `${formatShape(expected.shape)}, the network gives ${formatShape(got.shape)}`;
    throw new FormatError(`${where} has shape ${shapes}`);
  }
  const apart = difference(got.shape, got.data, expected.data);
  return { shape: got.shape, ...apart, passed: apart.relativeL2 <= limit };
}
