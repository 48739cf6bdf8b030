// From bytes to the messages of an ONNX file. Unknown fields are skipped, as the standard of protocol buffers asks.

import { FormatError } from "../../errors.ts";
import { quote } from "../quote.ts";
import { readTensor } from "./decode-tensor.ts";
import type {
  AttributeProto,
  Dimension,
  GraphProto,
  ModelProto,
  NodeProto,
  OperatorSetId,
  TensorProto,
  ValueInfo,
} from "./messages.ts";
import { type Draft, fixed32, lengthOf, varint, WireReader } from "./wire.ts";

/** Decodes a model; tensors stay views of `bytes`. Throws FormatError that names the file and the byte. */
export function decodeModel(bytes: Uint8Array, file: string): ModelProto {
  const wire = new WireReader(bytes, file);
  const opsetImport: OperatorSetId[] = [];
  const functions: string[] = [];
  const model: Draft<ModelProto> = {
    irVersion: 0,
    producerName: "",
    producerVersion: "",
    opsetImport,
    graph: undefined,
    functions,
  };
  wire.whole((field, type) => {
    const key = field * 8 + type;
    if (key === varint(1)) model.irVersion = wire.integer();
    else if (key === lengthOf(2)) model.producerName = wire.text();
    else if (key === lengthOf(3)) model.producerVersion = wire.text();
    else if (key === lengthOf(7)) {
      if (model.graph) throw new FormatError(`${file}: not an ONNX model: the graph stands twice`);
      model.graph = readGraph(wire);
    } else if (key === lengthOf(8)) opsetImport.push(readOpset(wire));
    else if (key === lengthOf(25)) functions.push(readFunctionName(wire));
  });
  checkNames(model.graph, file);
  return model;
}

function readOpset(wire: WireReader): OperatorSetId {
  const opset: Draft<OperatorSetId> = { domain: "", version: 0 };
  wire.message("an operator set", (field, type) => {
    const key = field * 8 + type;
    if (key === lengthOf(1)) opset.domain = wire.text();
    else if (key === varint(2)) opset.version = wire.integer();
  });
  return opset;
}

function readFunctionName(wire: WireReader): string {
  let [name, domain] = ["", ""];
  wire.message("a function", (field, type) => {
    const key = field * 8 + type;
    if (key === lengthOf(1)) name = wire.text();
    else if (key === lengthOf(10)) domain = wire.text();
  });
  return `${domain}.${name}`;
}

function readGraph(wire: WireReader): GraphProto {
  const nodes: NodeProto[] = [];
  const initializers: TensorProto[] = [];
  const inputs: ValueInfo[] = [];
  const outputs: ValueInfo[] = [];
  const graph: Draft<GraphProto> = { name: "", nodes, initializers, sparseInitializers: 0, inputs, outputs };
  wire.message("a graph", (field, type) => {
    const key = field * 8 + type;
    if (key === lengthOf(1)) nodes.push(readNode(wire));
    else if (key === lengthOf(2)) graph.name = wire.text();
    else if (key === lengthOf(5)) initializers.push(readTensor(wire));
    else if (key === lengthOf(11)) inputs.push(readValueInfo(wire));
    else if (key === lengthOf(12)) outputs.push(readValueInfo(wire));
    else if (key === lengthOf(15)) {
      graph.sparseInitializers++;
      wire.bytes();
    }
  });
  return graph;
}

function readNode(wire: WireReader): NodeProto {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: AttributeProto[] = [];
  const node: Draft<NodeProto> = { name: "", opType: "", domain: "", inputs, outputs, attributes };
  wire.message("a node", (field, type) => {
    const key = field * 8 + type;
    if (key === lengthOf(1)) inputs.push(wire.text());
    else if (key === lengthOf(2)) outputs.push(wire.text());
    else if (key === lengthOf(3)) node.name = wire.text();
    else if (key === lengthOf(4)) node.opType = wire.text();
    else if (key === lengthOf(5)) attributes.push(readAttribute(wire));
    else if (key === lengthOf(7)) node.domain = wire.text();
  });
  return node;
}

function readAttribute(wire: WireReader): AttributeProto {
  const floats: number[] = [];
  const ints: number[] = [];
  const strings: string[] = [];
  const attribute: Draft<AttributeProto> = {
    name: "",
    type: 0,
    f: 0,
    i: 0,
    s: "",
    t: undefined,
    g: undefined,
    floats,
    ints,
    strings,
  };
  wire.message("an attribute", (field, type) => {
    const key = field * 8 + type;
    if (key === lengthOf(1)) attribute.name = wire.text();
    else if (key === varint(20)) attribute.type = wire.integer();
    else if (key === fixed32(2)) attribute.f = wire.float();
    else if (key === varint(3)) attribute.i = wire.integer();
    else if (key === lengthOf(4)) attribute.s = latin(wire.bytes());
    else if (key === lengthOf(5)) attribute.t = readTensor(wire);
    else if (key === lengthOf(6)) attribute.g = readGraph(wire);
    else if (field === 7) wire.floats(type, floats);
    else if (field === 8) wire.integers(type, ints);
    else if (key === lengthOf(9)) strings.push(latin(wire.bytes()));
  });
  return attribute;
}

/** Attribute strings are bytes; those that name modes are ASCII. Others are only shown. */
function latin(bytes: Uint8Array): string {
  return new TextDecoder("utf-8").decode(bytes.subarray(0, 4096));
}

function readValueInfo(wire: WireReader): ValueInfo {
  const info: Draft<ValueInfo> = { name: "", tensor: undefined };
  wire.message("a value", (field, type) => {
    const key = field * 8 + type;
    if (key === lengthOf(1)) info.name = wire.text();
    else if (key === lengthOf(2)) {
      wire.message("a type", (inner, innerType) => {
        if (inner * 8 + innerType === lengthOf(1)) info.tensor = readTensorType(wire);
      });
    }
  });
  return info;
}

function readTensorType(wire: WireReader): NonNullable<ValueInfo["tensor"]> {
  let elementType = 0;
  let shape: Dimension[] | undefined;
  wire.message("a tensor type", (field, type) => {
    const key = field * 8 + type;
    if (key === varint(1)) elementType = wire.integer();
    else if (key === lengthOf(2)) {
      const sizes: Dimension[] = [];
      shape = sizes;
      wire.message("a shape", (inner, innerType) => {
        if (inner * 8 + innerType === lengthOf(1)) sizes.push(readDimension(wire));
      });
    }
  });
  return { elementType, shape };
}

function readDimension(wire: WireReader): Dimension {
  let dimension: Dimension;
  wire.message("a dimension", (field, type) => {
    const key = field * 8 + type;
    if (key === varint(1)) dimension = wire.integer();
    else if (key === lengthOf(2)) dimension = nameOfSize(wire.text());
  });
  return dimension;
}

/** PaddlePaddle's exporter calls every open size `?`, whatever it is. */
function nameOfSize(name: string): Dimension {
  return name === "" || name === "?" ? undefined : name;
}

/** Every node has an operator, and every value one node that makes it. */
function checkNames(graph: GraphProto | undefined, file: string): void {
  const produced = new Set<string>();
  for (const { name, opType, outputs } of graph?.nodes ?? []) {
    if (opType === "") throw new FormatError(`${file}: node ${quote(name)}: has no operator`);
    for (const output of outputs) {
      if (output !== "" && produced.has(output)) {
        throw new FormatError(`${file}: output of node ${quote(name)}: the name ${quote(output)} is taken`);
      }
      produced.add(output);
    }
  }
}
