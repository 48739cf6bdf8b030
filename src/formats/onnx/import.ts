// From an ONNX file to the engine's own graph. Nothing downstream knows where a graph came from.

import { UnsupportedError, UsageError } from "../../errors.ts";
import { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Graph } from "../../graph/ir/graph.ts";
import type { Shape, Tensor } from "../../tensor.ts";
import { quote } from "../quote.ts";
import { type ByteSource, type Origin, openSource } from "../source/source.ts";
import { elementType, elementTypeName } from "./element-type.ts";
import { type OnnxFile, openOnnx, readSmall } from "./file.ts";
import { GraphImport, type ImportedLayer } from "./graph-import.ts";
import { bindShape, openDimensions } from "./input-shapes.ts";
import { mostKnown } from "./known-tensors.ts";
import type { ValueInfo } from "./messages.ts";

/** What an ONNX file leaves open. Shapes are [N, C, H, W], or as many sizes as the input has. */
export interface ImportOptions {
  /** Shape of the only input. */
  readonly shape?: Shape;
  /** Shapes of inputs, by name; needed where the file leaves sizes open and `dimensions` does not bind them. */
  readonly shapes?: Readonly<Record<string, Shape>>;
  /** Sizes by the names that the file gives them, as `{ batch: 1, height: 512 }`. */
  readonly dimensions?: Readonly<Record<string, number>>;
  /** Inputs that are fixed now and become part of the graph: shapes, scales, indices. */
  readonly values?: Readonly<Record<string, Tensor>>;
  /** External data by its location, for models that are given as bytes; by default the files beside the model. */
  readonly externalData?: Readonly<Record<string, Origin>>;
}

/** A graph and where its weights are. */
export interface ImportedModel {
  /** The file's name, for messages. */
  readonly name: string;
  /** Who wrote the file, as `pytorch 2.13.0`. */
  readonly producer: string;
  /** Version of the standard operators. */
  readonly opset: number;
  /** Nodes have the file's node names, or that of their first output; parameters the names of initializers. */
  readonly graph: Graph;
  /** The outputs of the file's nodes in their order, and the values of `graph` that stand for them. */
  readonly layers: readonly ImportedLayer[];
  /** Reads parameters, for `weightsFor`. Throws FormatError. */
  readonly weights: Pick<OnnxFile, "halfNames" | "readF32" | "readF16">;
  /** Closes the files that weights are read from. */
  close(): Promise<void>;
}

/** See `importOnnx` in load.ts. */
export async function importOnnx(origin: Origin, options: ImportOptions = {}): Promise<ImportedModel> {
  const { externalData } = options;
  const openExternal = externalData && ((location: string) => openGiven(externalData, location));
  const file = await openOnnx(origin, openExternal ? { openExternal } : {});
  try {
    const importing = new GraphImport(file, await readSmall(file, mostKnown), new GraphBuilder());
    bindInputs(importing, file, options);
    const graph = importing.finish();
    return {
      name: file.name,
      producer: `${file.model.producerName} ${file.model.producerVersion}`.trim(),
      opset: file.opset,
      graph,
      layers: importing.layers(graph),
      weights: file,
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

function openGiven(externalData: Readonly<Record<string, Origin>>, location: string): Promise<ByteSource> {
  const origin = Object.hasOwn(externalData, location) ? externalData[location] : undefined;
  if (origin !== undefined) return openSource(origin);
  throw new UsageError(`externalData: got no ${quote(location)}, expected the file of that location`);
}

/** Inputs that have an initializer are weights; exporters of the first years listed them so. */
function bindInputs(graph: GraphImport, file: OnnxFile, options: ImportOptions): void {
  const inputs = file.graph.inputs.filter(({ name }) => !file.initializers.has(name));
  const names = inputs.map(({ name }) => name);
  const { dimensions = {}, values = {} } = options;
  const shapes = { ...options.shapes, ...(options.shape && { [onlyName(names, file.name)]: options.shape }) };
  for (const name of [...Object.keys(shapes), ...Object.keys(values)]) {
    if (names.includes(name)) continue;
    throw new UsageError(`${file.name}: unknown input ${quote(name)}, expected ${names.join(", ") || "none"}`);
  }
  const symbols = openDimensions(inputs);
  for (const name of Object.keys(dimensions)) {
    if (symbols.has(name)) continue;
    const known = [...symbols].join(", ") || "none, for all sizes are fixed";
    throw new UsageError(`${file.name}: unknown dimension ${quote(name)}, expected ${known}`);
  }
  for (const input of inputs) {
    requireTensor(input, file.name);
    const value = Object.hasOwn(values, input.name) ? values[input.name] : undefined;
    if (value) graph.addKnownInput(input, value);
    else graph.addInput(input, bindShape(input, { shapes, dimensions, bound: graph.dimensions }, file.name));
  }
}

function requireTensor({ name, tensor }: ValueInfo, file: string): void {
  const got = tensor ? elementTypeName(tensor.elementType) : "no tensor";
  if (tensor && elementType(tensor.elementType) !== undefined) return;
  throw new UnsupportedError(`${file}: input ${quote(name)} is ${got}, expected a tensor of numbers`, []);
}

function onlyName(names: readonly string[], file: string): string {
  const [name] = names;
  if (name !== undefined && names.length === 1) return name;
  throw new UsageError(`${file}: got one shape for ${names.length} inputs, expected one by name: ${names.join(", ")}`);
}
