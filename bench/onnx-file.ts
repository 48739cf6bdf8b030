// Networks that come as ONNX files: what is measured of them is the file's own graph and weights, on an image whose result is known.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { UsageError } from "../src/errors.ts";
import { type ImportedModel, importOnnx } from "../src/formats/onnx/index.ts";
import { readSafetensors } from "../src/formats/safetensors/index.ts";
import { onnxRuntime } from "../src/parity/onnxruntime-node.ts";
import { elementCount, formatShape, type Shape } from "../src/tensor.ts";
import { type BenchCase, costed, type ModelFile } from "./cases.ts";
import { floatOutputs, onlyInput } from "./contenders.ts";
import type { Precision } from "./record.ts";
import { drawStrokes } from "./strokes.ts";

/** Where a model is, and the shape of its input where the file leaves it open. */
export interface OnnxPath {
  readonly path: string;
  readonly shape: Shape | undefined;
}

/** `model.onnx`, or `model.onnx@1,3,320,320`. */
export function parseOnnxPath(text: string): OnnxPath {
  const [, path = text, sizes] = /^(.*)@(\d+(?:,\d+)*)$/.exec(text) ?? [];
  return { path, shape: sizes?.split(",").map(Number) };
}

/** An open model as one case for each precision. */
export interface OnnxCases {
  readonly cases: readonly BenchCase[];
  close(): Promise<void>;
}

/**
 * Opens a model. Beside it there may be a safetensors file with `image` and PyTorch's `output0`, `output1`, ..., as
 * test/conformance/export.py writes it; without, the image is a picture of strokes, and ONNX Runtime on the CPU computes what is expected.
 * Throws FormatError, UnsupportedError, and UsageError for a model of several inputs or without f32 outputs.
 */
export async function openOnnxCases({ path, shape }: OnnxPath, precisions: readonly Precision[]): Promise<OnnxCases> {
  const beside = path.replace(/\.onnx$/, ".safetensors");
  const stored = beside !== path && existsSync(beside) ? await readSafetensors(beside) : undefined;
  const given = shape ?? stored?.tensors.get("image")?.shape;
  const model = await importOnnx(path, given ? { shape: given } : {});
  try {
    const found = stored
      ? readStored(model, stored.tensors, beside)
      : await computeReference(model, await readFile(path), path);
    const file: ModelFile = { path, weights: model.weights, ...found };
    const name = basename(path, ".onnx");
    const sizes = onlyInput(model.graph).type.shape.join("x");
    const cases = precisions.map(
      (precision): BenchCase => ({
        suite: "onnx",
        group: "ONNX files",
        name: `${name} ${sizes}`,
        file,
        ...costed(model.graph, precision),
      }),
    );
    return { cases, close: model.close };
  } catch (error) {
    await model.close();
    throw error;
  }
}

interface Stored {
  readonly data: unknown;
}

type Known = Pick<ModelFile, "image" | "expected">;

function readStored({ name, graph }: ImportedModel, tensors: ReadonlyMap<string, Stored>, file: string): Known {
  const read = (tensor: string, shape: Shape): Float32Array => {
    const found = tensors.get(tensor);
    if (found?.data instanceof Float32Array && found.data.length === elementCount(shape)) return found.data;
    throw new UsageError(`${file}: expected ${tensor} of f32 ${formatShape(shape)}, as ${name} has it`);
  };
  const all = [...graph.outputs.keys()];
  const outputs = floatOutputs(graph).map((output) =>
    read(`output${all.indexOf(output)}`, graph.outputs.get(output)!.type.shape),
  );
  return { image: read("image", onlyInput(graph).type.shape), expected: { by: "PyTorch", outputs } };
}

async function computeReference({ name, graph }: ImportedModel, bytes: Uint8Array, origin: string): Promise<Known> {
  const input = onlyInput(graph);
  const { shape } = input.type;
  const image = drawStrokes(shape);
  const engine = await onnxRuntime();
  const computed = await engine.run({ name, bytes, origin }, { [input.name]: { shape, data: image } });
  return { image, expected: { by: engine.name, outputs: floatOutputs(graph).map((output) => computed[output]!.data) } };
}
