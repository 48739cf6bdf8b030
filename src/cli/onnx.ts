// ONNX models on the command line: shapes from an option or a file of inputs, and the table of their nodes.

import {
  FormatError,
  type Graph,
  type GraphReport,
  type ImportedModel,
  type ImportOptions,
  openSafetensors,
  type SafetensorsFile,
  type Shape,
  type Tensor,
  type TensorData,
  type UnsupportedError,
} from "../index.ts";
import { fileSource } from "../node.ts";
import type { InputShape } from "./arguments.ts";
import { formatFacts, formatTable } from "./table.ts";

/** `--shape` of inputs by name; without a name that of the only input. */
export function importShapes(given: readonly InputShape[]): ImportOptions {
  const named = given.flatMap(({ name, shape }) => (name === undefined ? [] : [[name, shape] as const]));
  const alone = given.findLast(({ name }) => name === undefined);
  return { shapes: Object.fromEntries(named), ...(alone && { shape: alone.shape }) };
}

/** Inputs of one run, and what the import takes from them. */
export interface GivenInputs {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly importing: Required<Pick<ImportOptions, "shapes" | "values">>;
}

/** The tensors of a safetensors file as inputs: floats for each run, integers as part of the graph. */
export async function readInputs(path: string): Promise<GivenInputs> {
  const file = await openSafetensors(await fileSource(path));
  try {
    const inputs: Record<string, Tensor> = {};
    const values: Record<string, Tensor> = {};
    const shapes: Record<string, Shape> = {};
    for (const { name, shape, dtype } of file.entries.values()) {
      const tensor = { shape, data: await readData(file, name, dtype) };
      if (dtype === "I64" || dtype === "U8") values[name] = tensor;
      else {
        inputs[name] = tensor;
        shapes[name] = shape;
      }
    }
    return { inputs, importing: { shapes, values } };
  } finally {
    await file.close();
  }
}

/** Integers and masks as the graph has them: f32 would not hold all of them. */
async function readData(file: SafetensorsFile, name: string, dtype: string): Promise<TensorData> {
  if (dtype === "I32" || dtype === "I16" || dtype === "I8") return Int32Array.from(await file.readNumbers(name));
  if (dtype === "U32" || dtype === "U16" || dtype === "BOOL") return Uint32Array.from(await file.readNumbers(name));
  return file.readF32(name);
}

const arrays = { f32: Float32Array, i32: Int32Array, u32: Uint32Array } as const;

/** Inputs in the types of the graph. Throws FormatError where one has a number that its type has not. */
export function fitInputs(graph: Graph, inputs: GivenInputs["inputs"], path: string): GivenInputs["inputs"] {
  const fitted = graph.inputs.flatMap(({ name, type }) => {
    const given = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
    if (!given || type.dtype === "f16") return [];
    const data = arrays[type.dtype].from(given.data);
    const at = data.findIndex((value, i) => !Object.is(value, given.data[i]) && value !== given.data[i]);
    if (at === -1) return [[name, { shape: given.shape, data }] as const];
    throw new FormatError(
      `${path}: tensor ${JSON.stringify(name)}: element ${at} is no ${type.dtype} number, got ${given.data[at]}`,
    );
  });
  return { ...inputs, ...Object.fromEntries(fitted) };
}

/** The facts of a model's file, for the head of a report. */
export function onnxFacts({ name, producer, opset, graph }: ImportedModel): Record<string, string> {
  const inputs = graph.inputs.map((input) => `${input.name} [${input.type.shape.join(", ")}]`);
  const outputs = [...graph.outputs].map(([output, { type }]) => `${output} [${type.shape.join(", ")}]`);
  return {
    model: name,
    format: `ONNX, operator set ${opset}${producer === "" ? "" : `, by ${producer}`}`,
    inputs: inputs.join(", "),
    outputs: outputs.join(", "),
  };
}

export function onnxJson(model: ImportedModel, report: GraphReport, plannedFor: string): object {
  const { name, producer, opset, graph } = model;
  const inputs = Object.fromEntries(graph.inputs.map((input) => [input.name, input.type.shape]));
  const outputs = Object.fromEntries([...graph.outputs].map(([output, { type }]) => [output, type.shape]));
  return { model: name, format: "onnx", producer, opset, inputs, outputs, plannedFor, ...report };
}

/** All nodes of a model that cannot be imported, in order, with the reasons where they are. */
export function unsupportedText(path: string, { nodes }: UnsupportedError): string {
  const rows = nodes.map(({ name, operator, outputShape, reason }) => [
    name,
    operator,
    outputShape?.join("x") ?? "?",
    reason === undefined ? "" : `UNSUPPORTED: ${reason}`,
  ]);
  const columns = [
    { title: "layer" },
    { title: "operator" },
    { title: "output", align: "right" },
    { title: "" },
  ] as const;
  const count = nodes.filter(({ reason }) => reason !== undefined).length;
  return [
    formatTable(columns, rows),
    formatFacts({ model: path, unsupported: `${count} of ${nodes.length} nodes` }),
  ].join("\n\n");
}
