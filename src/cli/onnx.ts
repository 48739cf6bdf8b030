// ONNX models on the command line: shapes from an option or a file of inputs, and the table of their nodes.

import {
  type GraphReport,
  type ImportedModel,
  type ImportOptions,
  openSafetensors,
  type Shape,
  type Tensor,
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
      const tensor = { shape, data: await file.readF32(name) };
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
