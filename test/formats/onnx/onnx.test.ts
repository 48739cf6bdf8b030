import { expect, test } from "vitest";
import { openOnnx } from "../../../src/formats/onnx/file.ts";
import { importOnnx, isOnnx } from "../../../src/formats/onnx/index.ts";
import { writeSafetensors } from "../../../src/formats/safetensors/index.ts";
import {
  buildModel,
  dataType,
  floats,
  ints,
  type ModelFields,
  type NodeFields,
  node,
  type TensorFields,
} from "./build.ts";

/** The graph of a model as lines: `name = operator(inputs) [shape]`. */
async function imported(fields: ModelFields, options = {}): Promise<string[]> {
  const { graph } = await importOnnx(buildModel(fields), options);
  return graph.nodes.map(({ name, operator, inputs, outputs }) => {
    const from = inputs.map((input) => input.name).join(", ");
    return `${name} = ${operator.name}(${from}) [${outputs[0]!.type.shape.join(", ")}]`;
  });
}

/** The attributes of the operator that one node becomes. */
async function attributes(node: NodeFields, fields: Partial<ModelFields> = {}): Promise<object> {
  const { graph } = await importOnnx(buildModel({ ...fields, nodes: [node] }));
  return graph.nodes.at(-1)!.attrs;
}

const weight = floats("w", [4, 3, 3, 3]);
const conv = (given: NodeFields["attributes"] = {}): NodeFields => ({
  op: "Conv",
  name: "conv",
  inputs: ["x", "w"],
  attributes: given,
});

test("nodes have the file's names, parameters those of initializers; weights come as they are stored", async () => {
  const model = await importOnnx(
    buildModel({
      nodes: [conv({ pads: [1, 1, 1, 1] }), { op: "Relu", name: "", inputs: ["conv"], outputs: ["y"] }],
      initializers: [weight],
    }),
  );
  const { graph, opset, producer } = model;
  expect({ opset, producer }).toEqual({ opset: 20, producer: "test" });
  expect(graph.nodes.map(({ name }) => name)).toEqual(["conv", "y"]);
  expect(graph.parameters.map(({ name, type }) => [name, type.shape])).toEqual([["w", [4, 3, 3, 3]]]);
  expect([...graph.outputs.keys()]).toEqual(["y"]);
  expect((await model.weights.readF32("w")).slice(0, 3)).toEqual(Float32Array.of(-0.5, -0.25, 0));
});

const stored: readonly [string, number[], Partial<TensorFields>][] = [
  ["f32 raw", [1.5, -2], { data_type: dataType.f32, raw_data: bytesOf(Float32Array.of(1.5, -2)) }],
  ["f32 typed", [1.5, -2], { data_type: dataType.f32, float_data: [1.5, -2] }],
  ["f64 typed", [0.1, -2], { data_type: dataType.f64, double_data: [0.1, -2] }],
  ["f64 raw", [0.1, -2], { data_type: dataType.f64, raw_data: bytesOf(Float64Array.of(0.1, -2)) }],
  ["f16 raw", [1, -2], { data_type: dataType.f16, raw_data: bytesOf(Uint16Array.of(0x3c00, 0xc000)) }],
  ["f16 typed", [1, -2], { data_type: dataType.f16, int32_data: [0x3c00, 0xc000] }],
  ["bf16 raw", [1, -2], { data_type: dataType.bf16, raw_data: bytesOf(Uint16Array.of(0x3f80, 0xc000)) }],
  ["bf16 typed", [1, -2], { data_type: dataType.bf16, int32_data: [0x3f80, 0xc000] }],
  ["i64 typed", [-1, 2 ** 40], { data_type: dataType.i64, int64_data: [-1, 2 ** 40] }],
  ["i64 raw", [-1, 2 ** 40], { data_type: dataType.i64, raw_data: bytesOf(BigInt64Array.of(-1n, 2n ** 40n)) }],
  ["i32 typed", [-5, 300], { data_type: dataType.i32, int32_data: [-5, 300] }],
  ["i16 raw", [-5, 300], { data_type: dataType.i16, raw_data: bytesOf(Int16Array.of(-5, 300)) }],
  ["i8 typed", [-5, 7], { data_type: dataType.i8, int32_data: [-5, 7] }],
  ["i8 raw", [-5, 7], { data_type: dataType.i8, raw_data: bytesOf(Int8Array.of(-5, 7)) }],
  ["u8 raw", [250, 7], { data_type: dataType.u8, raw_data: Uint8Array.of(250, 7) }],
  ["u16 typed", [65535, 7], { data_type: dataType.u16, int32_data: [65535, 7] }],
  ["u32 typed", [4294967295, 7], { data_type: dataType.u32, uint64_data: [4294967295, 7] }],
  ["u64 typed", [2 ** 50, 7], { data_type: dataType.u64, uint64_data: [2 ** 50, 7] }],
  ["u64 raw", [2 ** 63, 7], { data_type: dataType.u64, raw_data: bytesOf(BigUint64Array.of(2n ** 63n, 7n)) }],
  ["bool typed", [1, 0], { data_type: dataType.bool, int32_data: [1, 0] }],
];

function bytesOf({ buffer }: { readonly buffer: ArrayBufferLike }): Uint8Array {
  return new Uint8Array(buffer);
}

test.each(stored)("elements are read: %s", async (_, values, fields) => {
  // Names of different lengths move the bytes off every alignment.
  for (const name of ["a", "ab", "abc", "abcd"]) {
    const tensor = { data_type: 0, ...fields, name, dims: [2] };
    const file = await openOnnx(buildModel({ nodes: [], initializers: [tensor] }));
    expect([...file.elements(file.initializers.get(name)!)]).toEqual(values);
  }
});

test("a size called ? has no name: PaddlePaddle writes that for all open ones", async () => {
  const open = buildModel({ inputs: { x: [1, 3, "?", "?"] }, nodes: [{ op: "Relu", inputs: ["x"] }] });
  const { graph, close } = await importOnnx(open, { shape: [1, 3, 6, 8] });
  expect(graph.inputs[0]?.type.shape).toEqual([1, 3, 6, 8]);
  await close();
});

test("open sizes are bound by a shape or by their names, in all inputs alike", async () => {
  const open: ModelFields = {
    inputs: { x: ["N", 3, "height", 8], y: ["N", 3, "height", 8] },
    nodes: [{ op: "Add", inputs: ["x", "y"] }],
  };
  const expected = ["Add = add(x, y) [2, 3, 5, 8]"];
  expect(await imported(open, { dimensions: { N: 2, height: 5 } })).toEqual(expected);
  expect(await imported(open, { shapes: { x: [2, 3, 5, 8] } })).toEqual(expected);
  expect(await imported(open, { shapes: { x: [2, 3, 5, 8], y: [2, 3, 5, 8] } })).toEqual(expected);
  const refused = (options: object) => imported(open, options);
  await expect(refused({})).rejects.toThrow(/input "x": shape \[N, 3, height, 8\] has open sizes/);
  await expect(refused({ dimensions: { N: 2 } })).rejects.toThrow(/open sizes/);
  await expect(refused({ dimensions: { n: 2 } })).rejects.toThrow(/unknown dimension "n", expected N, height/);
  await expect(refused({ shapes: { z: [1] } })).rejects.toThrow(/unknown input "z", expected x, y/);
  await expect(refused({ shape: [2, 3, 5, 8] })).rejects.toThrow(/got one shape for 2 inputs/);
  await expect(refused({ shapes: { x: [2, 4, 5, 8] } })).rejects.toThrow(/got shape \[2, 4, 5, 8\], expected \[N, 3,/);
  await expect(refused({ shapes: { x: [2, 3, 5, 8], y: [1, 3, 5, 8] } })).rejects.toThrow(/with N = /);
});

/** Windows of TensorFlow's SAME: input, kernel, stride, dilation, then the pads by hand. */
const samePads = [
  [8, 3, 1, 1, [1, 1]],
  [8, 3, 2, 1, [0, 1]],
  [7, 3, 2, 1, [1, 1]],
  [8, 4, 1, 1, [1, 2]],
  [9, 5, 3, 1, [1, 1]],
  [8, 2, 3, 1, [0, 0]],
  [8, 3, 1, 3, [3, 3]],
  [8, 3, 3, 2, [1, 2]],
] as const;

test.each(samePads)(
  "auto_pad SAME: %d pixels, kernel %d, stride %d, dilation %d",
  async (size, k, s, d, [less, more]) => {
    const fields = { inputs: { x: [1, 3, size, 9] }, initializers: [floats("w", [4, 3, k, 1])] };
    const given = { strides: [s, 1], dilations: [d, 1] };
    const upper = await attributes(conv({ ...given, auto_pad: "SAME_UPPER" }), fields);
    expect(upper).toMatchObject({ padding: [less, 0, more, 0] });
    const lower = await attributes(conv({ ...given, auto_pad: "SAME_LOWER" }), fields);
    expect(lower).toMatchObject({ padding: [more, 0, less, 0] });
    expect(
      await attributes(conv({ ...given, auto_pad: "VALID" }), { ...fields, inputs: { x: [1, 3, 20, 9] } }),
    ).toMatchObject({
      padding: [0, 0, 0, 0],
    });
  },
);

test("a transposed convolution gets the output that output_shape or SAME asks for", async () => {
  const initializers = [floats("w", [3, 2, 3, 3])];
  const shapeOf = async (given: NodeFields["attributes"]) => {
    const node: NodeFields = { op: "ConvTranspose", inputs: ["x", "w"], attributes: given ?? {} };
    const { graph } = await importOnnx(buildModel({ nodes: [node], initializers }));
    return { attrs: graph.nodes[0]!.attrs, shape: graph.nodes[0]!.outputs[0]!.type.shape };
  };
  const strides = [2, 2];
  expect(await shapeOf({ strides, output_shape: [16, 15] })).toMatchObject({
    shape: [1, 2, 16, 15],
    attrs: { padding: [1, 1, 0, 1], outputPadding: [0, 0] },
  });
  expect(await shapeOf({ strides, output_shape: [18, 18] })).toMatchObject({
    shape: [1, 2, 18, 18],
    attrs: { padding: [0, 0, 0, 0], outputPadding: [1, 1] },
  });
  expect(await shapeOf({ strides, auto_pad: "SAME_UPPER" })).toMatchObject({
    shape: [1, 2, 16, 16],
    attrs: { padding: [0, 0, 1, 1] },
  });
  expect(await shapeOf({ strides, auto_pad: "SAME_LOWER" })).toMatchObject({
    shape: [1, 2, 16, 16],
    attrs: { padding: [1, 1, 0, 0] },
  });
});

test("zeros that a Pad puts around images become the convolution's padding; other pads stay", async () => {
  const padded = (attributes: NodeFields["attributes"], pads: readonly number[]): ModelFields => ({
    nodes: [
      { op: "Pad", inputs: ["x", "pads"], attributes: attributes ?? {} },
      { ...conv(), inputs: ["Pad", "w"] },
    ],
    initializers: [weight, ints("pads", pads)],
  });
  const images = [0, 0, 1, 2, 0, 0, 0, 3];
  expect(await imported(padded({}, images))).toEqual(["conv = conv2d(x, w) [1, 4, 7, 11]"]);
  expect(await imported(padded({ mode: "reflect" }, images))).toEqual([
    "Pad = pad(x) [1, 3, 9, 13]",
    "conv = conv2d(Pad, w) [1, 4, 7, 11]",
  ]);
});

test("pads below 0 cut off", async () => {
  const pads = (values: readonly number[]): ModelFields => ({
    nodes: [{ op: "Pad", inputs: ["x", "pads"] }],
    initializers: [ints("pads", values)],
  });
  expect(await imported(pads([0, 0, -1, 2, 0, 0, -2, -3]))).toEqual([
    "Pad.crop = slice(x) [1, 3, 5, 5]",
    "Pad = pad(Pad.crop) [1, 3, 5, 7]",
  ]);
  expect(await imported(pads([0, 0, -1, 0, 0, 0, 0, 0]))).toEqual(["Pad = slice(x) [1, 3, 7, 8]"]);
  await expect(imported(pads([0, 0, -4, 0, 0, 0, -4, 0]))).rejects.toThrow(/its pads leave nothing/);
});

test("indices stay what they are when they are cast to another integer", async () => {
  const nodes = [
    { op: "ArgMax", inputs: ["x"], attributes: { axis: 1, keepdims: 0 } },
    { op: "Cast", inputs: ["ArgMax"], attributes: { to: dataType.i32 } },
  ];
  expect(await imported({ nodes })).toEqual(["ArgMax = argmax(x) [1, 8, 8]"]);
});

test("shape arithmetic is computed while the graph is imported", async () => {
  // x.view(N, -1, H * W // 4), as an exporter of PyTorch writes it.
  const constant = (name: string, values: readonly number[]): NodeFields => ({
    op: "Constant",
    inputs: [],
    name,
    attributes: { value: ints("", values) },
  });
  const gather = (name: string, index: string): NodeFields => ({ op: "Gather", name, inputs: ["shape", index] });
  const lines = await imported({
    nodes: [
      { op: "Shape", name: "shape", inputs: ["x"] },
      constant("zero", [0]),
      constant("two", [2]),
      constant("three", [3]),
      constant("four", [4]),
      constant("minus", [-1]),
      gather("n", "zero"),
      gather("h", "two"),
      gather("w", "three"),
      { op: "Mul", name: "pixels", inputs: ["h", "w"] },
      { op: "Div", name: "quarter", inputs: ["pixels", "four"] },
      { op: "Concat", name: "target", inputs: ["n", "minus", "quarter"], attributes: { axis: 0 } },
      { op: "Reshape", name: "view", inputs: ["x", "target"] },
    ],
  });
  expect(lines).toEqual(["view = reshape(x) [1, 12, 16]"]);
});

test("identities and dropout leave no node behind; a cast to f16 rounds", async () => {
  const lines = await imported({
    nodes: [
      { op: "Identity", inputs: ["x"] },
      { op: "Dropout", inputs: ["Identity"] },
      { op: "Cast", inputs: ["Dropout"], attributes: { to: dataType.f16 } },
      { op: "Relu", inputs: ["Cast"] },
    ],
  });
  expect(lines).toEqual(["Cast = roundTo(x) [1, 3, 8, 8]", "Relu = relu(Cast) [1, 3, 8, 8]"]);
});

test("softmax that is spelt out becomes one node", async () => {
  const axes = ints("axes", [1]);
  const spelt: NodeFields[] = [
    { op: "ReduceMax", name: "max", inputs: ["x", "axes"] },
    { op: "Sub", name: "shifted", inputs: ["x", "max"] },
    { op: "Exp", name: "exp", inputs: ["shifted"] },
    { op: "ReduceSum", name: "sum", inputs: ["exp", "axes"] },
    { op: "Div", name: "softmax", inputs: ["exp", "sum"] },
  ];
  const initializers = [axes];
  expect(await imported({ nodes: spelt, initializers })).toEqual(["softmax = softmax(x) [1, 3, 8, 8]"]);
  const plain = spelt
    .slice(2)
    .map((node) => ({ ...node, inputs: node.inputs.map((name) => (name === "shifted" ? "x" : name)) }));
  expect(await imported({ nodes: plain, initializers })).toEqual(["softmax = softmax(x) [1, 3, 8, 8]"]);
  const log = [
    { op: "Softmax", inputs: ["x"], attributes: { axis: 1 } },
    { op: "Log", inputs: ["Softmax"] },
  ];
  expect(await imported({ nodes: log })).toEqual(["Log = logSoftmax(x) [1, 3, 8, 8]"]);
  const other = plain.map((node) => (node.op === "ReduceSum" ? { ...node, inputs: ["x", "axes"] } : node));
  expect(await imported({ nodes: other, initializers })).toEqual([
    "exp = exp(x) [1, 3, 8, 8]",
    "sum = sum(x) [1, 1, 8, 8]",
    "softmax = div(exp, sum) [1, 3, 8, 8]",
  ]);
});

test("of an If with a known condition one branch is imported", async () => {
  const branch = (op: string, name: string) => ({
    graph: { name, node: [node({ op, name, inputs: ["x"] })], output: [{ name }] },
  });
  const choice = (axis: number): ModelFields => ({
    nodes: [
      { op: "Shape", name: "shape", inputs: ["x"] },
      { op: "Gather", name: "size", inputs: ["shape", "axis"] },
      { op: "Equal", name: "isOne", inputs: ["size", "one"] },
      {
        op: "If",
        name: "choice",
        inputs: ["isOne"],
        attributes: { then_branch: branch("Relu", "yes"), else_branch: branch("Sigmoid", "no") },
      },
      { op: "Identity", name: "y", inputs: ["choice"] },
    ],
    initializers: [ints("axis", [axis]), ints("one", [1])],
  });
  expect(await imported(choice(0))).toEqual(["yes = relu(x) [1, 3, 8, 8]"]);
  expect(await imported(choice(1))).toEqual(["no = sigmoid(x) [1, 3, 8, 8]"]);
});

/** Nodes, and what they become; `x` is [1, 3, 8, 8]. */
const records: readonly [string, ModelFields, readonly string[]][] = [
  [
    "integers and masks are inputs of the GPU",
    {
      inputs: { x: [1, 3, 8, 8], i: [2, 2], m: [8] },
      types: { i: dataType.i64, m: dataType.bool },
      nodes: [
        { op: "Gather", name: "rows", inputs: ["x", "i"], attributes: { axis: 2 } },
        { op: "Not", name: "not", inputs: ["m"] },
        { op: "Where", name: "y", inputs: ["not", "rows", "rows"] },
      ],
    },
    ["rows = gather(x, i) [1, 3, 2, 2, 8]", "not = logicalNot(m) [8]", "y = where(not, rows, rows) [1, 3, 2, 2, 8]"],
  ],
  [
    "indices count on, a mask becomes floats",
    {
      nodes: [
        { op: "ArgMax", name: "labels", inputs: ["x"], attributes: { axis: 1 } },
        { op: "Add", name: "next", inputs: ["labels", "two"] },
        { op: "Equal", name: "is", inputs: ["next", "two"] },
        { op: "Cast", name: "y", inputs: ["is"], attributes: { to: dataType.f32 } },
      ],
      initializers: [ints("two", [2])],
    },
    [
      "labels = argmax(x) [1, 1, 8, 8]",
      "next = add(labels, next.input1) [1, 1, 8, 8]",
      "is = equal(next, is.input1) [1, 1, 8, 8]",
      "y = cast(is) [1, 1, 8, 8]",
    ],
  ],
  [
    "a matrix on the right takes all rows at once, a vector's axis goes",
    {
      nodes: [
        { op: "MatMul", name: "a", inputs: ["x", "w"] },
        { op: "MatMul", name: "y", inputs: ["a", "v"] },
      ],
      initializers: [floats("w", [8, 5]), floats("v", [5])],
    },
    [
      "a.rows = reshape(x) [24, 8]",
      "a.product = matmul(a.rows, w) [24, 5]",
      "a = reshape(a.product) [1, 3, 8, 5]",
      "y.rows = reshape(a) [24, 5]",
      "y.column = reshape(v) [5, 1]",
      "y.product = matmul(y.rows, y.column) [24, 1]",
      "y = reshape(y.product) [1, 3, 8]",
    ],
  ],
  [
    "steps back are gathered",
    {
      nodes: [{ op: "Slice", name: "y", inputs: ["x", "starts", "ends", "axes", "steps"] }],
      initializers: [ints("starts", [1, -1]), ints("ends", [9, -9]), ints("axes", [2, 3]), ints("steps", [2, -2])],
    },
    ["y.forth = slice(x) [1, 3, 4, 8]", "y = gather(y.forth, y.index3) [1, 3, 4, 4]"],
  ],
  [
    "clip by data is two nodes, by numbers one",
    {
      inputs: { x: [1, 3, 8, 8], low: [] },
      nodes: [
        { op: "Clip", name: "a", inputs: ["x", "", "high"] },
        { op: "Clip", name: "y", inputs: ["a", "low", "high"] },
      ],
      initializers: [floats("high", [], [6])],
    },
    ["a = clip(x) [1, 3, 8, 8]", "y.low = maximum(a, low) [1, 3, 8, 8]", "y = minimum(y.low, high) [1, 3, 8, 8]"],
  ],
  [
    "narrow integers wrap around",
    {
      nodes: [{ op: "Cast", name: "y", inputs: ["x"], attributes: { to: dataType.u8 } }],
    },
    [
      "y.wide = cast(x) [1, 3, 8, 8]",
      "y.rest.times = div(y.wide, y.size) [1, 3, 8, 8]",
      "y.rest.whole = mul(y.rest.times, y.size) [1, 3, 8, 8]",
      "y.rest = sub(y.wide, y.rest.whole) [1, 3, 8, 8]",
      "y.above = add(y.rest, y.size) [1, 3, 8, 8]",
      "y.last.times = div(y.above, y.size) [1, 3, 8, 8]",
      "y.last.whole = mul(y.last.times, y.size) [1, 3, 8, 8]",
      "y = sub(y.above, y.last.whole) [1, 3, 8, 8]",
    ],
  ],
];

test.each(records)("%s", async (_, fields, expected) => {
  expect(await imported(fields)).toEqual(expected);
});

test("what the GPU would compute in another way is refused by type", async () => {
  const narrow: ModelFields = {
    inputs: { x: [2], y: [2] },
    types: { x: dataType.u8, y: dataType.u8 },
    nodes: [{ op: "Add", inputs: ["x", "y"] }],
  };
  await expect(imported(narrow)).rejects.toThrow(/input 0 is u8, expected floats, i32 or i64/);
  const double: ModelFields = {
    inputs: { x: [2] },
    types: { x: dataType.f64 },
    nodes: [{ op: "Relu", inputs: ["x"] }],
  };
  await expect(imported(double)).rejects.toThrow(/input 0 is f64, expected f32, f16 or bf16/);
});

/** One operator in an old and in a new operator set, which must become the same. */
const definitions: readonly [string, ModelFields, ModelFields][] = [
  [
    "Slice",
    { opset: 9, nodes: [{ op: "Slice", inputs: ["x"], attributes: { starts: [1, -3], ends: [3, 9], axes: [2, 3] } }] },
    {
      opset: 13,
      nodes: [{ op: "Slice", inputs: ["x", "starts", "ends", "axes"] }],
      initializers: [ints("starts", [1, -3]), ints("ends", [3, 9]), ints("axes", [2, -1])],
    },
  ],
  [
    "Clip",
    { opset: 7, nodes: [{ op: "Clip", inputs: ["x"], attributes: { min: { float: 0 } } }] },
    { opset: 12, nodes: [{ op: "Clip", inputs: ["x", "low"] }], initializers: [floats("low", [], [0])] },
  ],
  [
    "Unsqueeze",
    { opset: 11, nodes: [{ op: "Unsqueeze", inputs: ["x"], attributes: { axes: [0, 3] } }] },
    { opset: 25, nodes: [{ op: "Unsqueeze", inputs: ["x", "axes"] }], initializers: [ints("axes", [0, -3])] },
  ],
  [
    "Squeeze",
    { opset: 11, nodes: [{ op: "Squeeze", inputs: ["x"], attributes: { axes: [0] } }] },
    { opset: 21, nodes: [{ op: "Squeeze", inputs: ["x"] }] },
  ],
  [
    "Split",
    { opset: 11, nodes: [{ op: "Split", inputs: ["x"], outputs: ["a", "b"], attributes: { axis: 3, split: [4, 4] } }] },
    {
      opset: 18,
      nodes: [{ op: "Split", inputs: ["x"], outputs: ["a", "b"], attributes: { axis: 3, num_outputs: 2 } }],
    },
  ],
  [
    "Pad",
    {
      opset: 10,
      nodes: [{ op: "Pad", inputs: ["x"], attributes: { pads: [0, 0, 1, 2, 0, 0, 3, 4], value: { float: 5 } } }],
    },
    {
      opset: 19,
      nodes: [{ op: "Pad", inputs: ["x", "pads", "value", "axes"] }],
      initializers: [ints("pads", [2, 1, 4, 3]), floats("value", [], [5]), ints("axes", [3, 2])],
    },
  ],
  [
    "ReduceMean",
    { opset: 11, nodes: [{ op: "ReduceMean", inputs: ["x"], attributes: { axes: [2, 3] } }] },
    { opset: 18, nodes: [{ op: "ReduceMean", inputs: ["x", "axes"] }], initializers: [ints("axes", [-1, -2])] },
  ],
  [
    "Upsample and Resize",
    {
      opset: 9,
      nodes: [{ op: "Upsample", name: "r", inputs: ["x", "scales"] }],
      initializers: [floats("scales", [4], [1, 1, 2, 3])],
    },
    {
      opset: 13,
      nodes: [
        {
          op: "Resize",
          name: "r",
          inputs: ["x", "", "scales"],
          attributes: { coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" },
        },
      ],
      initializers: [floats("scales", [4], [1, 1, 2, 3])],
    },
  ],
  [
    "Softmax over the last axis",
    { opset: 11, nodes: [{ op: "Softmax", inputs: ["x"], attributes: { axis: 3 } }] },
    { opset: 13, nodes: [{ op: "Softmax", inputs: ["x"] }] },
  ],
  [
    "Add",
    {
      opset: 6,
      nodes: [{ op: "Add", inputs: ["x", "b"], attributes: { broadcast: 1 } }],
      initializers: [floats("b", [8])],
    },
    { opset: 14, nodes: [{ op: "Add", inputs: ["x", "b"] }], initializers: [floats("b", [8])] },
  ],
];

test.each(definitions)("old and new definitions mean the same: %s", async (_, old, now) => {
  const described = async (fields: ModelFields) => {
    const { graph } = await importOnnx(buildModel(fields));
    return graph.nodes.map(({ operator, attrs, outputs }) => [operator.name, attrs, outputs[0]!.type.shape]);
  };
  const nodes = await described(now);
  expect(nodes.length).toBeGreaterThan(0);
  expect(await described(old)).toEqual(nodes);
});

const resizes: readonly [string, NodeFields["attributes"], readonly number[], object][] = [
  [
    "PyTorch's bilinear",
    { mode: "linear", coordinate_transformation_mode: "pytorch_half_pixel" },
    [5, 11],
    { coordinates: "half-pixel" },
  ],
  [
    "align corners",
    { mode: "linear", coordinate_transformation_mode: "align_corners" },
    [5, 11],
    { coordinates: "align-corners" },
  ],
  [
    "PyTorch's nearest",
    { mode: "nearest", coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" },
    [5, 11],
    { coordinates: "asymmetric" },
  ],
  ["the standard's nearest, doubled", { mode: "nearest" }, [16, 16], { coordinates: "half-pixel" }],
  ["nearest, halved, ties down", { mode: "nearest" }, [4, 4], { coordinates: "asymmetric" }],
];

test.each(resizes)("resizing: %s", async (_, given, size, expected) => {
  const node: NodeFields = { op: "Resize", inputs: ["x", "", "", "sizes"], attributes: given ?? {} };
  const attrs = await attributes(node, { initializers: [ints("sizes", [1, 3, ...size])] });
  expect(attrs).toMatchObject({ ...expected, size });
});

test("files are told apart by their names, else by their first bytes", async () => {
  const model = buildModel({ nodes: [{ op: "Relu", inputs: ["x"] }] });
  expect(await isOnnx(model)).toBe(true);
  expect(await isOnnx(new Blob([Uint8Array.from(model)]))).toBe(true);
  expect(await isOnnx("no/such/model.ONNX")).toBe(true);
  expect(await isOnnx(new URL("https://example.org/model.onnx?token=1"))).toBe(true);
  expect(await isOnnx("no/such/weights.safetensors")).toBe(false);
  expect(await isOnnx(writeSafetensors({ x: { shape: [1], data: Float32Array.of(1) } }))).toBe(false);
  expect(await isOnnx(new Uint8Array(0))).toBe(false);
});
