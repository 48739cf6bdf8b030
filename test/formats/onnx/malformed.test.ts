import { expect, test } from "vitest";
import { FormatError, UnsupportedError } from "../../../src/errors.ts";
import { importOnnx } from "../../../src/formats/onnx/index.ts";
import { buildModel, dataType, encode, floats, ints, type ModelFields, type NodeFields, node } from "./build.ts";

const relu: NodeFields = { op: "Relu", name: "y", inputs: ["x"] };

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

const good = buildModel({ nodes: [relu] });

const broken: readonly [string, ModelFields | Uint8Array, RegExp][] = [
  ["an empty file", new Uint8Array(0), /not an ONNX model: it has no graph/],
  ["a text", new TextEncoder().encode("This is no model at all."), /not an ONNX model: .* \(byte \d+\)/],
  ["a cut file", good.subarray(0, good.length - 6), /not an ONNX model: /],
  ["a graph twice", Uint8Array.from([...good, ...good]), /the graph stands twice/],
  ["subgraphs without end", encodeGraph(wrapNodes(200)), /nested deeper than 32 messages/],
  [
    "more nodes than a model has",
    encodeGraph(new Uint8Array(4_400_000).fill(10).map((_, i) => (i % 2 ? 0 : 10))),
    /more than 2000000/,
  ],
  ["no operator sets", encode("ModelProto", { ir_version: 9, graph: { node: [node(relu)] } }), /versions \[\]/],
  ["an operator set of tomorrow", { opset: 99, nodes: [relu] }, /operator set 99, expected at most 28/],
  ["an operator set of 0", { opset: 0, nodes: [relu] }, /operator set is 0/],
  ["a node without operator", { nodes: [{ op: "", name: "n", inputs: ["x"] }] }, /node "n": has no operator/],
  ["an input from nowhere", { nodes: [{ ...relu, inputs: ["z"] }] }, /node "y": input "z" is produced by nothing/],
  [
    "a circle",
    {
      nodes: [
        { op: "Add", name: "a", inputs: ["x", "b"] },
        { op: "Relu", name: "b", inputs: ["a"] },
      ],
    },
    /nodes read each other's outputs in a circle: "a", "b"$/,
  ],
  ["a name twice", { nodes: [relu, { ...relu, name: "other", outputs: ["y"] }] }, /the name "y" is taken/],
  ["no outputs", { nodes: [relu], outputs: [] }, /the graph has no outputs/],
  ["an output from nowhere", { nodes: [relu], outputs: ["z"] }, /output "z" is produced by no node/],
  [
    "an initializer twice",
    { nodes: [relu], initializers: [floats("w", [1]), floats("w", [1])] },
    /initializer "w" stands twice/,
  ],
  [
    "fewer bytes than elements",
    { nodes: [relu], initializers: [{ ...floats("w", [2]), dims: [3] }] },
    /tensor "w": shape and bytes disagree, got 8 bytes, expected 12 for f32 \[3\]/,
  ],
  [
    "sizes beyond all memory",
    { nodes: [relu], initializers: [{ ...floats("w", [2]), dims: [2 ** 40, 2 ** 40] }] },
    /tensor "w": too many elements/,
  ],
  [
    "a huge size and no bytes",
    { nodes: [relu], initializers: [{ name: "w", dims: [2 ** 40], data_type: dataType.i64 }] },
    /tensor "w": shape and bytes disagree, got 0 bytes/,
  ],
  [
    "a negative size",
    { nodes: [relu], initializers: [{ ...floats("w", [2]), dims: [-2] }] },
    /tensor "w": got shape \[-2\]/,
  ],
  [
    "numbers of an unknown type",
    { nodes: [relu], initializers: [{ name: "w", dims: [1], data_type: 77, raw_data: Uint8Array.of(0) }] },
    /tensor "w": its elements are not read, got element type 77/,
  ],
];

/** A model whose graph is these bytes. */
function encodeGraph(graph: Uint8Array): Uint8Array {
  return Uint8Array.from([...encode("ModelProto", { ir_version: 9 }), 0x3a, ...varint(graph.length), ...graph]);
}

/** A node with an attribute with a graph with a node, `depth` times. */
function wrapNodes(depth: number): Uint8Array {
  let graph = Uint8Array.of();
  const field = (number: number, bytes: Uint8Array) =>
    Uint8Array.from([(number << 3) | 2, ...varint(bytes.length), ...bytes]);
  for (let i = 0; i < depth; i++) graph = field(1, field(5, field(6, graph)));
  return graph;
}

test.each(broken)("refused: %s", async (_, file, message) => {
  const bytes = file instanceof Uint8Array ? file : buildModel(file);
  const error: unknown = await importOnnx(bytes).catch((thrown: unknown) => thrown);
  expect(error instanceof FormatError || error instanceof UnsupportedError, String(error)).toBe(true);
  expect(String(error)).toMatch(message);
});

const unsupported: readonly [string, ModelFields, RegExp][] = [
  ["an unknown operator", { nodes: [{ ...relu, op: "Relax" }] }, /y \(Relax\): no such operator here/],
  [
    "another domain",
    { nodes: [{ ...relu, domain: "com.microsoft" }] },
    /y \(com\.microsoft\.Relu\): operators of the domain com\.microsoft/,
  ],
  [
    "a function of the model",
    { nodes: [{ ...relu, domain: "own" }], functions: [{ name: "Relu", domain: "own" }] },
    /y \(own\.Relu\): it is a function of the model's own/,
  ],
  [
    "an attribute nobody knows",
    { nodes: [{ ...relu, attributes: { alpha: 1 } }] },
    /y \(Relu alpha=1\): attribute alpha is not known/,
  ],
  [
    "a subgraph",
    { nodes: [{ ...relu, op: "Loop", attributes: { body: { graph: { node: [] } } } }] },
    /y \(Loop body=graph of 0 nodes\)/,
  ],
  [
    "an output that is not computed",
    { nodes: [{ op: "Relu", inputs: ["x"], outputs: ["y", "i"] }], outputs: ["y", "i"] },
    /output i is not computed/,
  ],
  ["a function of nothing", { nodes: [{ op: "Erf", inputs: [] }] }, /input 0 is missing/],
  [
    "a constant less nothing",
    { nodes: [{ op: "Sub", inputs: ["c"] }], initializers: [floats("c", [1])] },
    /input 1 is missing/,
  ],
  [
    "a shape that is an input",
    { inputs: { x: [4], s: [1] }, types: { s: dataType.i64 }, nodes: [{ op: "Reshape", inputs: ["x", "s"] }] },
    /input 1 \(shape\) is not a constant/,
  ],
  [
    "constants without end",
    { nodes: [{ op: "ConstantOfShape", name: "y", inputs: ["s"] }], initializers: [ints("s", [1e6, 1e6])] },
    /shapes and constants take too much/,
  ],
  [
    "a million pixels, a thousand times",
    {
      nodes: Array.from({ length: 1000 }, (_, i) => ({
        op: "Resize",
        name: `resize${i}`,
        inputs: ["x", "", "", "s"],
        attributes: { mode: "linear" },
      })),
      outputs: Array.from({ length: 1000 }, (_, i) => `resize${i}`),
      initializers: [ints("s", [1, 3, 8, 1e6])],
    },
    /shapes and constants take too much/,
  ],
  [
    "auto_pad and pads",
    {
      nodes: [
        { op: "MaxPool", inputs: ["x"], attributes: { kernel_shape: [2, 2], pads: [1, 1, 1, 1], auto_pad: "VALID" } },
      ],
    },
    /got auto_pad VALID and pads, expected one of them/,
  ],
];

test.each(unsupported)("unsupported: %s", async (_, file, message) => {
  const error: unknown = await importOnnx(buildModel(file)).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UnsupportedError);
  expect(String(error)).toMatch(message);
});

test("one error tells every node that cannot be imported, also those behind others", async () => {
  const file = buildModel({
    nodes: [
      { op: "Relu", name: "first", inputs: ["x"] },
      { op: "Wish", name: "second", inputs: ["first"] },
      { op: "Relu", name: "third", inputs: ["second"] },
      { op: "Hope", name: "fourth", inputs: ["third"], attributes: { size: [1, 2] } },
      { op: "Softmax", name: "fifth", inputs: ["x"], attributes: { axis: 9 } },
      { op: "Dream", name: "unneeded", inputs: ["x"] },
    ],
    outputs: ["fourth", "fifth"],
  });
  const error: unknown = await importOnnx(file).catch((thrown: unknown) => thrown);
  if (!(error instanceof UnsupportedError)) throw error;
  expect(error.message).toBe(
    "(bytes in memory): 3 of 5 nodes cannot be imported: second (Wish): no such operator here; " +
      "fourth (Hope size=[1, 2]): no such operator here; fifth (Softmax axis=9): axis is 9, expected -4 to 3; " +
      "behind them, not checked: 1",
  );
  expect(error.nodes.map(({ name, outputShape, reason }) => [name, outputShape, reason !== undefined])).toEqual([
    ["first", [1, 3, 8, 8], false],
    ["second", undefined, true],
    ["third", undefined, false],
    ["fourth", undefined, true],
    ["fifth", undefined, true],
  ]);
});
