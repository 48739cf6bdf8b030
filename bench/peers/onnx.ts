// Writes a graph as an ONNX model, so that other engines can be given the very network that is measured here.
// Parameters become initializers. Only what the networks of this project need.
import protobuf from "protobufjs";
import type { Graph, Node, Value } from "../../src/graph/ir/graph.ts";
import { f32ToF16 } from "../../src/half.ts";
import type { ConvAttributes, ConvTransposeAttributes } from "../../src/ops/conv/rules.ts";
import type { AveragePool2dAttributes } from "../../src/ops/pool/average-pool.ts";
import type { MaxPool2dAttributes } from "../../src/ops/pool/max-pool.ts";
import type { Resize2dAttributes } from "../../src/ops/sample/resize.ts";
import type { Precision } from "../record.ts";
import { unsupported } from "./unsupported.ts";

// The messages and fields of onnx.proto3 that are written; numbers are those of the standard.
const schema = protobuf
  .parse(
    `
  syntax = "proto3";
  message AttributeProto {
    string name = 1; float f = 2; int64 i = 3; bytes s = 4; repeated int64 ints = 8; int32 type = 20;
  }
  message NodeProto {
    repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4;
    repeated AttributeProto attribute = 5;
  }
  message TensorProto { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
  message Dimension { int64 dim_value = 1; }
  message TensorShapeProto { repeated Dimension dim = 1; }
  message TensorType { int32 elem_type = 1; TensorShapeProto shape = 2; }
  message TypeProto { TensorType tensor_type = 1; }
  message ValueInfoProto { string name = 1; TypeProto type = 2; }
  message GraphProto {
    repeated NodeProto node = 1; string name = 2; repeated TensorProto initializer = 5;
    repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12;
  }
  message OperatorSetIdProto { string domain = 1; int64 version = 2; }
  message ModelProto {
    int64 ir_version = 1; string producer_name = 2; GraphProto graph = 7; repeated OperatorSetIdProto opset_import = 8;
  }
`,
    { keepCase: true },
  )
  .root.lookupType("ModelProto");

const int64 = 7;
const float = 1;
const float16 = 10;
const irVersion = 9;
const opset = 17;

type Attribute = readonly [name: string, value: number | string | readonly number[]];
interface OnnxNode {
  readonly type: string;
  readonly inputs?: readonly string[];
  readonly attributes: readonly Attribute[];
}

/**
 * In f16 everything between input and output is float16; these stay float.
 * Throws Error for an operator that has no entry in `translations`.
 */
export async function toOnnx(
  graph: Graph,
  parameter: (name: string) => Promise<Float32Array>,
  precision: Precision = "f32",
): Promise<Uint8Array> {
  const tensor = precision === "f16" ? halfTensor : floatTensor;
  const initializers = await Promise.all(
    graph.parameters.map(async ({ name, type }) => tensor(name, type.shape, await parameter(name))),
  );
  for (const { name, type, data } of new Set(graph.nodes.flatMap((node) => node.inputs))) {
    if (data instanceof Float32Array) initializers.push(tensor(name, type.shape, data));
  }
  const sizes: ReturnType<typeof floatTensor>[] = [];
  const nodes = graph.nodes.map((node) => {
    const { type, inputs, attributes } = translate(node, (name, data) => {
      sizes.push(rawTensor(name, [data.length], data instanceof Float32Array ? float : int64, data));
      return name;
    });
    return {
      name: node.name,
      op_type: type,
      input: inputs ?? node.inputs.map(({ name }) => name),
      output: node.outputs.map(({ name }) => name),
      attribute: attributes.map(attribute),
    };
  });
  const info = (name: string, { type }: Value) => ({
    name,
    type: { tensor_type: { elem_type: float, shape: { dim: type.shape.map((size) => ({ dim_value: size })) } } },
  });
  const model = {
    ir_version: irVersion,
    producer_name: "atrous bench",
    opset_import: [{ domain: "", version: opset }],
    graph: {
      name: "graph",
      node: precision === "f16" ? betweenCasts(graph, nodes) : nodes,
      initializer: [...initializers, ...sizes],
      input: graph.inputs.map((value) => info(value.name, value)),
      output: [...graph.outputs.values()].map((value) => info(value.name, value)),
    },
  };
  return schema.encode(schema.fromObject(model)).finish();
}

interface NodeMessage {
  readonly name: string;
  readonly op_type: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly ReturnType<typeof attribute>[];
}

/** Nodes that see the graph's input as float16 and give its outputs as float. */
function betweenCasts(graph: Graph, nodes: readonly NodeMessage[]): NodeMessage[] {
  const half = (name: string) => `${name}:f16`;
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  const outputs = new Set([...graph.outputs.values()].map(({ name }) => name));
  const inside = (name: string) => (inputs.has(name) || outputs.has(name) ? half(name) : name);
  const cast = (input: string, output: string, to: number): NodeMessage => ({
    name: `cast ${output}`,
    op_type: "Cast",
    input: [input],
    output: [output],
    attribute: [attribute(["to", to])],
  });
  return [
    ...[...inputs].map((name) => cast(name, half(name), float16)),
    ...nodes.map((node) => ({ ...node, input: node.input.map(inside), output: node.output.map(inside) })),
    ...[...outputs].map((name) => cast(half(name), name, float)),
  ];
}

function halfTensor(name: string, dims: readonly number[], data: Float32Array) {
  return rawTensor(name, dims, float16, f32ToF16(data));
}

function floatTensor(name: string, dims: readonly number[], data: Float32Array) {
  return rawTensor(name, dims, float, data);
}

function rawTensor(name: string, dims: readonly number[], type: number, data: ArrayBufferView) {
  return { name, dims, data_type: type, raw_data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

function attribute([name, value]: Attribute) {
  if (typeof value === "string") return { name, type: 3, s: new TextEncoder().encode(value) };
  if (typeof value === "number")
    return Number.isInteger(value) ? { name, type: 2, i: value } : { name, type: 1, f: value };
  return { name, type: 7, ints: value };
}

type AddTensor = (name: string, data: Float32Array | BigInt64Array) => string;

function translate(node: Node, addTensor: AddTensor): OnnxNode {
  const translation = translations[node.operator.name];
  if (!translation) throw unsupported("ONNX", node);
  return translation(node, addTensor);
}

const translations: Readonly<Record<string, (node: Node, addTensor: AddTensor) => OnnxNode>> = {
  conv2d: convolution,
  conv3d: convolution,
  convTranspose2d: transposedConvolution,
  convTranspose3d: transposedConvolution,
  batchNorm: ({ attrs }) => ({
    type: "BatchNormalization",
    attributes: [["epsilon", (attrs as { eps: number }).eps]],
  }),
  relu: () => ({ type: "Relu", attributes: [] }),
  add: () => ({ type: "Add", attributes: [] }),
  concat: ({ attrs }) => ({ type: "Concat", attributes: [["axis", (attrs as { axis: number }).axis]] }),
  maxPool2d(node) {
    const { kernel, stride, padding, dilation, ceilMode, indices } = node.attrs as MaxPool2dAttributes;
    if (indices) throw unsupported("ONNX", node, "with indices");
    return {
      type: "MaxPool",
      attributes: [
        ["kernel_shape", kernel],
        ["strides", stride],
        ["pads", padding],
        ["dilations", dilation],
        ["ceil_mode", ceilMode ? 1 : 0],
      ],
    };
  },
  averagePool2d(node) {
    const { kernel, stride, padding, ceilMode, countIncludePad, divisorOverride } =
      node.attrs as AveragePool2dAttributes;
    if (divisorOverride !== undefined) throw unsupported("ONNX", node, "with a divisor");
    return {
      type: "AveragePool",
      attributes: [
        ["kernel_shape", kernel],
        ["strides", stride],
        ["pads", padding],
        ["ceil_mode", ceilMode ? 1 : 0],
        ["count_include_pad", countIncludePad ? 1 : 0],
      ],
    };
  },
  resize2d(node, addTensor) {
    const { mode, coordinates, scale } = node.attrs as Resize2dAttributes;
    if (mode !== "bilinear" || coordinates !== "half-pixel") throw unsupported("ONNX", node, `${mode}, ${coordinates}`);
    const { name } = node.inputs[0]!;
    const sizes = node.outputs[0]!.type.shape;
    const target = scale
      ? ["", addTensor(`${node.name}.scales`, Float32Array.of(1, 1, ...scale))]
      : ["", "", addTensor(`${node.name}.sizes`, BigInt64Array.from(sizes, BigInt))];
    return {
      type: "Resize",
      inputs: [name, ...target],
      attributes: [
        ["mode", "linear"],
        ["coordinate_transformation_mode", "half_pixel"],
      ],
    };
  },
};

/** ONNX counts axes as PyTorch does, and padding as atrous: all that is before, then all that is behind. */
function convolution({ attrs }: Node): OnnxNode {
  const { stride, padding, dilation, groups } = attrs as ConvAttributes;
  return {
    type: "Conv",
    attributes: [
      ["strides", stride],
      ["pads", padding],
      ["dilations", dilation],
      ["group", groups],
    ],
  };
}

function transposedConvolution(node: Node): OnnxNode {
  const { outputPadding } = node.attrs as ConvTransposeAttributes;
  const { attributes } = convolution(node);
  return { type: "ConvTranspose", attributes: [...attributes, ["output_padding", outputPadding]] };
}
