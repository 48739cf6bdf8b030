// Small ONNX models for tests, written with a schema of their own: what reads them must not also have written them.
import protobuf from "protobufjs";

const schema = protobuf.parse(
  `
  syntax = "proto3";
  message AttributeProto {
    string name = 1; float f = 2; int64 i = 3; bytes s = 4; TensorProto t = 5; GraphProto g = 6;
    repeated float floats = 7; repeated int64 ints = 8; int32 type = 20;
  }
  message NodeProto {
    repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4;
    repeated AttributeProto attribute = 5; string domain = 7;
  }
  message Entry { string key = 1; string value = 2; }
  message TensorProto {
    repeated int64 dims = 1; int32 data_type = 2; repeated float float_data = 4; repeated int32 int32_data = 5;
    repeated int64 int64_data = 7; string name = 8; optional bytes raw_data = 9; repeated double double_data = 10;
    repeated uint64 uint64_data = 11; repeated Entry external_data = 13; int32 data_location = 14;
  }
  message Dimension { oneof value { int64 dim_value = 1; string dim_param = 2; } }
  message TensorShapeProto { repeated Dimension dim = 1; }
  message TensorType { int32 elem_type = 1; TensorShapeProto shape = 2; }
  message TypeProto { TensorType tensor_type = 1; }
  message ValueInfoProto { string name = 1; TypeProto type = 2; }
  message GraphProto {
    repeated NodeProto node = 1; string name = 2; repeated TensorProto initializer = 5;
    repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12;
  }
  message OperatorSetIdProto { string domain = 1; int64 version = 2; }
  message FunctionProto { string name = 1; string domain = 10; }
  message ModelProto {
    int64 ir_version = 1; string producer_name = 2; string producer_version = 3; GraphProto graph = 7;
    repeated OperatorSetIdProto opset_import = 8; repeated FunctionProto functions = 25;
  }
`,
  { keepCase: true },
).root;

export type AttributeValue =
  | number
  | string
  | readonly number[]
  | TensorFields
  | { readonly graph: object }
  | { readonly float: number };

/** As in onnx.proto3. */
export interface TensorFields {
  readonly name?: string;
  readonly dims: readonly number[];
  readonly data_type: number;
  readonly [field: string]: unknown;
}

export interface NodeFields {
  readonly op: string;
  readonly inputs: readonly string[];
  /** Default: one output of the node's name. */
  readonly outputs?: readonly string[];
  readonly name?: string;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

export interface ModelFields {
  readonly opset?: number;
  readonly nodes: readonly NodeFields[];
  /** Sizes by input; a string leaves one open. Default: x [1, 3, 8, 8]. */
  readonly inputs?: Readonly<Record<string, readonly (number | string)[]>>;
  /** Element type of inputs that are not f32. */
  readonly types?: Readonly<Record<string, number>>;
  readonly outputs?: readonly string[];
  /** Element types of outputs that are not f32, by name. */
  readonly outputTypes?: Readonly<Record<string, number>>;
  readonly initializers?: readonly TensorFields[];
  readonly functions?: readonly { readonly name: string; readonly domain: string }[];
}

export const dataType = {
  f32: 1,
  u8: 2,
  i8: 3,
  u16: 4,
  i16: 5,
  i32: 6,
  i64: 7,
  bool: 9,
  f16: 10,
  f64: 11,
  u32: 12,
  u64: 13,
  bf16: 16,
};

/** The bytes of a model; outputs are by default those of the last node. */
export function buildModel(fields: ModelFields): Uint8Array {
  const { opset = 20, nodes, inputs = { x: [1, 3, 8, 8] }, types = {}, initializers = [], functions = [] } = fields;
  const last = nodes.at(-1);
  const { outputTypes = {} } = fields;
  const outputs = fields.outputs ?? (last ? outputsOf(last) : []);
  return encode("ModelProto", {
    ir_version: 9,
    producer_name: "test",
    opset_import: [{ domain: "", version: opset }],
    functions,
    graph: {
      name: "graph",
      node: nodes.map(node),
      initializer: initializers,
      input: Object.entries(inputs).map(([name, sizes]) => info(name, sizes, types[name] ?? dataType.f32)),
      output: outputs.map((name) => ({
        name,
        type: { tensor_type: { elem_type: outputTypes[name] ?? dataType.f32 } },
      })),
    },
  });
}

/** Any message as it stands. */
export function encode(message: string, fields: object): Uint8Array {
  const type = schema.lookupType(message);
  return new Uint8Array(type.encode(type.fromObject(fields)).finish());
}

/** f32 in `raw_data`. */
export function floats(name: string, dims: readonly number[], values?: readonly number[]): TensorFields {
  const count = dims.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length: count }, (_, i) => values?.[i] ?? (i % 7) / 4 - 0.5);
  return { name, dims, data_type: dataType.f32, raw_data: new Uint8Array(data.buffer) };
}

/** i64 in `int64_data`. */
export function ints(name: string, values: readonly number[]): TensorFields {
  return { name, dims: [values.length], data_type: dataType.i64, int64_data: values };
}

function outputsOf({ outputs, name, op }: NodeFields): readonly string[] {
  return outputs ?? [name ?? op];
}

export function node(fields: NodeFields): object {
  const { op, inputs, name = op, domain = "", attributes = {} } = fields;
  const attribute = Object.entries(attributes).map(([key, value]) => ({ name: key, ...attributeFields(value) }));
  return { op_type: op, input: inputs, output: outputsOf(fields), name, domain, attribute };
}

function attributeFields(value: AttributeValue): object {
  if (typeof value === "string") return { type: 3, s: new TextEncoder().encode(value) };
  if (typeof value === "number") return { type: 2, i: value };
  if ("float" in value) return { type: 1, f: value.float };
  if ("graph" in value) return { type: 5, g: value.graph };
  return isNumbers(value) ? { type: 7, ints: value } : { type: 4, t: value };
}

function isNumbers(value: object): value is readonly number[] {
  return Array.isArray(value);
}

function info(name: string, sizes: readonly (number | string)[], elementType: number): object {
  const dim = sizes.map((size) => (typeof size === "number" ? { dim_value: size } : { dim_param: size }));
  return { name, type: { tensor_type: { elem_type: elementType, shape: { dim } } } };
}
