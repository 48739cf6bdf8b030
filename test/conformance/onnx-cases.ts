// The ONNX project's backend tests: a model, inputs and expected outputs in a folder each. Debian's package libonnx-testdata
// installs them.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { difference } from "../../src/difference.ts";
import { FormatError, ShapeError, UnsupportedError } from "../../src/errors.ts";
import { decodeTensor } from "../../src/formats/onnx/decode-tensor.ts";
import { deviceType, type ElementType } from "../../src/formats/onnx/element-type.ts";
import { openOnnx } from "../../src/formats/onnx/file.ts";
import { type ImportOptions, importOnnx } from "../../src/formats/onnx/index.ts";
import type { ValueInfo } from "../../src/formats/onnx/messages.ts";
import { checkTensor, elementsOf } from "../../src/formats/onnx/tensor.ts";
import type { Gpu } from "../../src/gpu/gpu.ts";
import { compile } from "../../src/graph/run/compile.ts";
import { weightsFor } from "../../src/models/weights.ts";
import { dataTypes, formatShape, type Shape, shapesEqual, type Tensor } from "../../src/tensor.ts";

const installed = "/usr/share/libonnx-testdata/data";

/** ATROUS_ONNX_TESTDATA names a folder with other cases, such as those of a newer ONNX. */
export const testData = process.env.ATROUS_ONNX_TESTDATA ?? installed;
export const isInstalled = testData === installed;

/** Folders of cases; `real` holds only addresses of models. */
export const suites = ["node", "simple", "pytorch-operator", "pytorch-converted"] as const;

/** Good, or why it was not: an import that was refused has a reason, everything else is a failure. */
export type Outcome =
  | { readonly kind: "pass" }
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "failed"; readonly fault: string };

export function casesOf(suite: string): string[] {
  const folder = join(testData, suite);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, "model.onnx")))
    .sort()
    .map((name) => `${suite}/${name}`);
}

interface StoredTensor extends Tensor {
  readonly type: ElementType;
}

/** Runs all data sets of a case. */
export async function runCase(gpu: Gpu, name: string): Promise<Outcome> {
  const folder = join(testData, name);
  const sets = readdirSync(folder).filter((entry) => entry.startsWith("test_data_set_"));
  for (const set of sets) {
    const outcome = await runSet(gpu, join(folder, "model.onnx"), join(folder, set));
    if (outcome.kind !== "pass") return outcome;
  }
  return { kind: "pass" };
}

async function runSet(gpu: Gpu, model: string, folder: string): Promise<Outcome> {
  try {
    const { inputs: infos, outputs: outputInfos } = await valuesOf(model);
    // Data sets of sequences are no tensors; the import says what it misses.
    if ([...infos, ...outputInfos].some(({ tensor }) => tensor === undefined)) await importOnnx(model);
    const names = { inputs: infos.map(({ name }) => name), outputs: outputInfos.map(({ name }) => name) };
    const inputs = infos.map((info, i) => readTensor(join(folder, `input_${i}.pb`), info));
    const expected = outputInfos.map((info, i) => readTensor(join(folder, `output_${i}.pb`), info));
    const isSmall = ({ shape }: StoredTensor, i: number) => i > 0 && shape.length <= 1;
    const isFloat = ({ type }: StoredTensor) => type === "f32" || type === "f16";
    const onHost = ({ type, shape }: StoredTensor) => deviceType(type) === undefined || shape.includes(0);
    // What a network states as a constant is an input in these tests: the fewer of them become one, the better.
    const ways = [
      onHost,
      (tensor: StoredTensor) => onHost(tensor) || !(isFloat(tensor) || tensor.type === "i32"),
      (tensor: StoredTensor, i: number) => !isFloat(tensor) || isSmall(tensor, i),
    ];
    for (const isBound of ways.slice(0, -1)) {
      try {
        return await runOnce(gpu, model, { names, inputs, expected, isBound });
      } catch (error) {
        // Some data sets give a shape that is not the declared one.
        if (!(error instanceof UnsupportedError || error instanceof ShapeError)) throw error;
      }
    }
    return await runOnce(gpu, model, { names, inputs, expected, isBound: ways.at(-1)! });
  } catch (error) {
    if (error instanceof UnsupportedError || error instanceof FormatError || error instanceof ShapeError) {
      return { kind: "refused", reason: reasonOf(error) };
    }
    return { kind: "failed", fault: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

/** What the error says, without the names of this file and its nodes. */
function reasonOf(error: Error): string {
  const node = error instanceof UnsupportedError ? error.nodes.find(({ reason }) => reason !== undefined) : undefined;
  if (node) return `${node.operator}: ${node.reason}`;
  return `${error.name}: ${error.message.replace(/^[^:]*: /, "")}`;
}

async function valuesOf(model: string): Promise<{ inputs: readonly ValueInfo[]; outputs: readonly ValueInfo[] }> {
  const { graph, initializers } = await openOnnx(model);
  return { inputs: graph.inputs.filter(({ name }) => !initializers.has(name)), outputs: graph.outputs };
}

function readTensor(path: string, { tensor: declared }: ValueInfo): StoredTensor {
  const stored = decodeTensor(readFileSync(path), path);
  // bfloat16 is stored as the bits of an unsigned integer.
  const isBits = stored.dataType === 4 && declared?.elementType === 16;
  const proto = isBits ? { ...stored, dataType: 16 } : stored;
  const tensor = checkTensor(proto, path);
  const data = elementsOf(tensor, path);
  return { type: tensor.type, shape: tensor.shape, data: Float32Array.from(data) };
}

interface Set {
  readonly names: { readonly inputs: readonly string[]; readonly outputs: readonly string[] };
  readonly inputs: readonly StoredTensor[];
  readonly expected: readonly StoredTensor[];
  readonly isBound: (tensor: StoredTensor, i: number) => boolean;
}

async function runOnce(gpu: Gpu, model: string, { names, inputs, expected, isBound }: Set): Promise<Outcome> {
  const values: Record<string, Tensor> = {};
  const shapes: Record<string, Shape> = {};
  const given: Record<string, Tensor> = {};
  names.inputs.forEach((name, i) => {
    const tensor = inputs[i]!;
    if (isBound(tensor, i)) values[name] = tensor;
    else {
      shapes[name] = tensor.shape;
      given[name] = { ...tensor, data: dataTypes[deviceType(tensor.type) ?? "f32"].from(tensor.data) };
    }
  });
  const options: ImportOptions = { values, shapes };
  const imported = await importOnnx(model, options);
  const compiled = await compile(gpu, imported.graph, weightsFor(gpu, imported.weights));
  try {
    const outputs = await compiled.run(given);
    const faults = names.outputs.flatMap((name, i) => compare(name, outputs[name], expected[i]!));
    return faults.length === 0 ? { kind: "pass" } : { kind: "failed", fault: faults.join("; ") };
  } finally {
    await compiled.dispose();
    await imported.close();
  }
}

/** Half precision has 11 bits. */
const limits: Readonly<Record<string, number>> = { f32: 1e-5, f16: 1e-3, bf16: 1e-2 };

function compare(name: string, got: Tensor | undefined, expected: StoredTensor): string[] {
  if (!got) return [`${name}: no such output`];
  if (!shapesEqual(got.shape, expected.shape)) {
    return [`${name}: got shape ${formatShape(got.shape)}, expected ${formatShape(expected.shape)}`];
  }
  const limit = limits[expected.type] ?? 0;
  const odd = expected.data.findIndex((value, i) => !Number.isFinite(value) && !Object.is(value, got.data[i]));
  if (odd >= 0) return [`${name}: element ${odd}: got ${got.data[odd]}, expected ${expected.data[odd]}`];
  // NaN and infinities, which agree, would make the norm one.
  const finite = (data: ArrayLike<number>) =>
    Float32Array.from(data, (value, i) => (Number.isFinite(expected.data[i]) ? value : 0));
  const { relativeL2, worst } = difference(got.shape, finite(got.data), finite(expected.data));
  if (relativeL2 <= limit) return [];
  const at = `at [${worst.index.join(", ")}] got ${worst.got}, expected ${worst.expected}`;
  return [`${name}: relative L2 ${relativeL2.toExponential(2)}, expected at most ${limit}: ${at}`];
}
