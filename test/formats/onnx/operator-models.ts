// A small model for every ONNX operator that is imported: what each of them becomes is read off the imported graph.
import { importOnnx } from "../../../src/formats/onnx/index.ts";
import { buildModel, dataType, floats, ints, type ModelFields, type NodeFields, type TensorFields } from "./build.ts";

const volume = { x: [1, 3, 4, 8, 8] };
const channels = floats("c", [3]);
const masks: Partial<ModelFields> = { inputs: { x: [2, 3], y: [2, 3] }, types: { x: dataType.bool, y: dataType.bool } };

/** One node on x [1, 3, 8, 8], its other inputs weights of these shapes. */
function unary(
  op: string,
  attributes: NodeFields["attributes"] = {},
  ...weights: readonly TensorFields[]
): ModelFields {
  const inputs = ["x", ...weights.map(({ name }) => name ?? "")];
  return { nodes: [{ op, inputs, attributes }], initializers: weights };
}

const on = (model: ModelFields, fields: Partial<ModelFields>): ModelFields => ({ ...model, ...fields });

const binary = (op: string, fields: Partial<ModelFields> = {}): ModelFields => ({
  inputs: { x: [2, 3], y: [2, 3] },
  nodes: [{ op, inputs: ["x", "y"] }],
  ...fields,
});

const plain = [
  ...["Relu", "LeakyRelu", "ThresholdedRelu", "Elu", "Celu", "Selu", "Sigmoid", "HardSigmoid", "HardSwish", "Swish"],
  ...["Mish", "Gelu", "Tanh", "Softplus", "Softsign", "Shrink", "Abs", "Neg", "Reciprocal", "Sqrt", "Floor", "Ceil"],
  ...["Round", "Sign", "Exp", "Log", "Erf", "Identity", "Dropout", "Shape", "Size", "Flatten", "Transpose"],
  ...["GlobalAveragePool", "GlobalMaxPool", "Softmax", "LogSoftmax", "LpNormalization", "MeanVarianceNormalization"],
  ...["ArgMax", "ArgMin", "ReduceMean", "ReduceSum", "ReduceProd", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2"],
  ...["ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"],
];
const pairs = ["Add", "Sub", "Mul", "Div", "Sum", "Mean", "Min", "Max", "Pow", "CastLike"];
const comparisons = ["Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"];

/** By ONNX name; several where a name becomes different operators. */
export const operatorModels: Readonly<Record<string, readonly ModelFields[]>> = {
  ...Object.fromEntries(plain.map((op) => [op, [unary(op)]])),
  ...Object.fromEntries(pairs.map((op) => [op, [binary(op)]])),
  ...Object.fromEntries(comparisons.map((op) => [op, [binary(op)]])),
  ...Object.fromEntries(["And", "Or", "Xor"].map((op) => [op, [binary(op, masks)]])),
  Not: [on(unary("Not"), { types: { x: dataType.bool } })],
  Mod: [binary("Mod", { types: { x: dataType.i64, y: dataType.i64 } })],
  Celu: [unary("Celu", { alpha: { float: 0.5 } })],
  Swish: [unary("Swish", { alpha: { float: 2 } }), unary("Swish")],
  GlobalAveragePool: [unary("GlobalAveragePool"), on(unary("GlobalAveragePool"), { inputs: volume })],
  PRelu: [unary("PRelu", {}, floats("slope", [3, 1, 1]))],
  Clip: [unary("Clip", {}, floats("low", [], [0]))],
  Conv: [
    unary("Conv", {}, floats("w", [4, 3, 3, 3])),
    on(unary("Conv", {}, floats("w", [4, 3, 3, 3, 3])), { inputs: volume }),
  ],
  ConvTranspose: [
    unary("ConvTranspose", {}, floats("w", [3, 4, 2, 2])),
    on(unary("ConvTranspose", {}, floats("w", [3, 4, 2, 2, 2])), { inputs: volume }),
  ],
  MaxPool: [
    unary("MaxPool", { kernel_shape: [2, 2] }),
    on(unary("MaxPool", { kernel_shape: [2, 2, 2] }), { inputs: volume }),
  ],
  MaxUnpool: [unpool([1, 1, 2, 2], [0, 2, 8, 10]), unpool([1, 1, 1, 1, 2], [0, 2])],
  AveragePool: [
    unary("AveragePool", { kernel_shape: [2, 2] }),
    on(unary("AveragePool", { kernel_shape: [2, 2, 2] }), { inputs: volume }),
  ],
  Resize: [resize([1, 3, 16, 16], {}), on(resize([1, 3, 8, 16, 16], {}), { inputs: volume })],
  Upsample: [on(unary("Upsample", {}, floats("scales", [4], [1, 1, 2, 2])), { opset: 9 })],
  Gemm: [on(unary("Gemm", {}, floats("w", [3, 4]), floats("c", [4])), { inputs: { x: [2, 3] } })],
  MatMul: [binary("MatMul", { inputs: { x: [2, 3], y: [3, 4] } })],
  BatchNormalization: [
    unary("BatchNormalization", {}, ...["scale", "bias", "mean", "variance"].map((name) => floats(name, [3]))),
  ],
  InstanceNormalization: [unary("InstanceNormalization", {}, channels, floats("b", [3]))],
  GroupNormalization: [on(unary("GroupNormalization", { num_groups: 3 }, channels, floats("b", [3])), { opset: 21 })],
  LayerNormalization: [unary("LayerNormalization", {}, floats("w", [8]))],
  LRN: [unary("LRN", { size: 3 })],
  Cast: [unary("Cast", { to: dataType.i64 })],
  Where: [
    {
      inputs: { m: [2, 3], x: [2, 3] },
      types: { m: dataType.bool },
      nodes: [{ op: "Where", inputs: ["m", "x", "x"] }],
    },
  ],
  Reshape: [unary("Reshape", {}, ints("shape", [3, 64]))],
  Squeeze: [unary("Squeeze")],
  Unsqueeze: [unary("Unsqueeze", {}, ints("axes", [0]))],
  DepthToSpace: [on(unary("DepthToSpace", { blocksize: 2 }), { inputs: { x: [1, 4, 8, 8] } })],
  SpaceToDepth: [unary("SpaceToDepth", { blocksize: 2 })],
  Pad: [unary("Pad", {}, ints("pads", [0, 0, 1, 1, 0, 0, 1, 1]))],
  Slice: [unary("Slice", {}, ints("starts", [1]), ints("ends", [4]), ints("axes", [2]))],
  Split: [{ nodes: [{ op: "Split", inputs: ["x"], outputs: ["a", "b"], attributes: { axis: 3, num_outputs: 2 } }] }],
  Concat: [binary("Concat", { nodes: [{ op: "Concat", inputs: ["x", "y"], attributes: { axis: 1 } }] })],
  Gather: [binary("Gather", { types: { y: dataType.i64 } })],
  GatherND: [binary("GatherND", { inputs: { x: [2, 3], y: [4, 1] }, types: { y: dataType.i64 } })],
  GatherElements: [binary("GatherElements", { types: { y: dataType.i64 } })],
  GridSample: [
    binary("GridSample", { inputs: { x: [1, 3, 8, 8], y: [1, 5, 6, 2] } }),
    binary("GridSample", { inputs: { x: [1, 3, 4, 8, 8], y: [1, 2, 5, 6, 3] } }),
  ],
  Trilu: [unary("Trilu"), unary("Trilu", { upper: 0 })],
  Expand: [unary("Expand", {}, ints("shape", [2, 3, 8, 8]))],
  Tile: [unary("Tile", {}, ints("repeats", [1, 2, 1, 1]))],
  OneHot: [
    on(unary("OneHot", {}, ints("depth", [4]), floats("values", [2], [0, 1])), {
      inputs: { x: [2, 3] },
      types: { x: dataType.i64 },
    }),
  ],
  Constant: [{ inputs: {}, nodes: [{ op: "Constant", inputs: [], attributes: { value: floats("", [2]) } }] }],
  ConstantOfShape: [{ inputs: {}, ...known("ConstantOfShape", ["shape"]) }],
  Range: [{ inputs: {}, ...known("Range", ["start", "limit", "delta"]) }],
};

function resize(sizes: readonly number[], attributes: NodeFields["attributes"]): ModelFields {
  const node: NodeFields = {
    op: "Resize",
    inputs: ["x", "", "", "sizes"],
    attributes: { mode: "linear", ...attributes },
  };
  return { nodes: [node], initializers: [ints("sizes", sizes)] };
}

/** At indices that are known. */
function unpool(x: readonly number[], indices: readonly number[]): ModelFields {
  const twos = x.slice(2).map(() => 2);
  return {
    inputs: { x },
    nodes: [{ op: "MaxUnpool", inputs: ["x", "i"], attributes: { kernel_shape: twos, strides: twos } }],
    initializers: [{ name: "i", dims: x, data_type: dataType.i64, int64_data: indices }],
  };
}

function known(op: string, inputs: readonly string[]): ModelFields {
  return { nodes: [{ op, inputs }], initializers: inputs.map((name, i) => ints(name, [i + 1])) };
}

/** Names of the operators that each ONNX operator becomes, by model: empty where it is computed on import. */
export async function onnxBecomes(): Promise<ReadonlyMap<string, readonly (readonly string[])[]>> {
  const found = new Map<string, string[][]>();
  for (const [op, models] of Object.entries(operatorModels)) {
    found.set(op, []);
    for (const model of models) {
      const { graph } = await importOnnx(buildModel(model));
      found.get(op)!.push([...new Set(graph.nodes.map(({ operator }) => operator.name))]);
    }
  }
  return found;
}
