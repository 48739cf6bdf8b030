// Models whose every field means something: layers, arithmetic of shapes, patterns of several nodes.
import { buildModel, dataType, floats, ints } from "../formats/onnx/build.ts";

const network = buildModel({
  inputs: { x: [1, 3, 16, "W"] },
  nodes: [
    { op: "Conv", name: "conv", inputs: ["x", "w", "b"], attributes: { auto_pad: "SAME_UPPER", strides: [2, 2] } },
    {
      op: "BatchNormalization",
      name: "bn",
      inputs: ["conv", "b", "b", "b", "b"],
      attributes: { epsilon: { float: 1e-5 } },
    },
    { op: "Clip", name: "clip", inputs: ["bn", "low", "high"] },
    {
      op: "MaxPool",
      name: "pool",
      inputs: ["clip"],
      attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
    },
    { op: "Resize", name: "resize", inputs: ["pool", "", "scales"], attributes: { mode: "linear" } },
    { op: "Concat", name: "concat", inputs: ["resize", "clip"], attributes: { axis: 1 } },
    { op: "Softmax", name: "softmax", inputs: ["concat"], attributes: { axis: 1 } },
  ],
  initializers: [
    floats("w", [4, 3, 3, 3]),
    floats("b", [4], [1, 2, 3, 4]),
    { name: "low", dims: [], data_type: dataType.f32, float_data: [0] },
    { name: "high", dims: [], data_type: dataType.f32, float_data: [6] },
    floats("scales", [4], [1, 1, 2, 2]),
  ],
});

const shapes = buildModel({
  inputs: { x: [2, 3, 4, "W"] },
  nodes: [
    { op: "Shape", name: "shape", inputs: ["x"] },
    { op: "Slice", name: "tail", inputs: ["shape", "one", "end", "zero"] },
    { op: "Concat", name: "target", inputs: ["two", "tail"], attributes: { axis: 0 } },
    { op: "Cast", name: "cast", inputs: ["target"], attributes: { to: dataType.f32 } },
    { op: "Mul", name: "scaled", inputs: ["cast", "ones"] },
    { op: "Cast", name: "back", inputs: ["scaled"], attributes: { to: dataType.i64 } },
    { op: "Reshape", name: "view", inputs: ["x", "back"] },
    { op: "Transpose", name: "moved", inputs: ["view"], attributes: { perm: [0, 2, 3, 1] } },
    { op: "ConstantOfShape", name: "zeros", inputs: ["back"], attributes: { value: floats("", [1], [0.5]) } },
    { op: "Expand", name: "wide", inputs: ["view", "back"] },
    { op: "Range", name: "range", inputs: ["start", "limit", "delta"] },
    { op: "Gather", name: "gather", inputs: ["moved", "range"], attributes: { axis: 1 } },
    { op: "Split", name: "split", inputs: ["gather"], outputs: ["left", "right"], attributes: { axis: 2 } },
    { op: "Tile", name: "tile", inputs: ["left", "repeats"] },
  ],
  outputs: ["tile", "right", "wide"],
  initializers: [
    ints("zero", [0]),
    ints("one", [1]),
    ints("two", [2]),
    ints("end", [9223372036854776000]),
    ints("repeats", [1, 2, 1, 3]),
    floats("ones", [1], [1]),
    ...[0, 3, 1].map((value, i) => ({
      name: ["start", "limit", "delta"][i]!,
      dims: [],
      data_type: dataType.i64,
      int64_data: [value],
    })),
  ],
});

/** Patterns of several nodes, indices of pools, places of grids. */
const patterns = buildModel({
  inputs: { x: [1, 4, 8, "W"], places: [1, 3, 5, 2] },
  nodes: [
    {
      op: "MaxPool",
      name: "pool",
      inputs: ["x"],
      outputs: ["most", "where"],
      attributes: { kernel_shape: [2, 2], strides: [2, 2] },
    },
    { op: "Reshape", name: "grouped", inputs: ["most", "groups"] },
    { op: "InstanceNormalization", name: "norm", inputs: ["grouped", "ones", "zeros"] },
    { op: "Shape", name: "size", inputs: ["most"] },
    { op: "Reshape", name: "back", inputs: ["norm", "size"] },
    { op: "Mul", name: "scale", inputs: ["back", "w"] },
    { op: "Add", name: "shift", inputs: ["scale", "w"] },
    { op: "Div", name: "tenth", inputs: ["shift", "root"] },
    { op: "Erf", name: "erf", inputs: ["tenth"] },
    { op: "Add", name: "plus", inputs: ["erf", "one"] },
    { op: "Mul", name: "twice", inputs: ["shift", "plus"] },
    { op: "Mul", name: "gelu", inputs: ["twice", "half"] },
    {
      op: "MaxUnpool",
      name: "unpool",
      inputs: ["gelu", "where"],
      attributes: { kernel_shape: [2, 2], strides: [2, 2] },
    },
    { op: "GridSample", name: "sampled", inputs: ["unpool", "places"], attributes: { align_corners: 1 } },
    { op: "MatMul", name: "product", inputs: ["sampled", "matrix"] },
    { op: "Add", name: "linear", inputs: ["product", "bias"] },
    { op: "ReduceMean", name: "mean", inputs: ["linear", "last"] },
    { op: "Sub", name: "centred", inputs: ["linear", "mean"] },
    { op: "Pow", name: "squares", inputs: ["centred", "two"] },
    { op: "ReduceMean", name: "variance", inputs: ["squares", "last"] },
    { op: "Add", name: "shifted", inputs: ["variance", "half"] },
    { op: "Sqrt", name: "deviation", inputs: ["shifted"] },
    { op: "Div", name: "standard", inputs: ["centred", "deviation"] },
    { op: "GatherElements", name: "chosen", inputs: ["standard", "index"], attributes: { axis: 3 } },
    { op: "Trilu", name: "y", inputs: ["chosen", "k"], attributes: { upper: 0 } },
  ],
  initializers: [
    ints("groups", [0, 2, -1]),
    floats("ones", [2], [1, 1]),
    floats("zeros", [2], [0, 0]),
    floats("w", [4, 1, 1]),
    floats("matrix", [5, 6]),
    floats("bias", [6]),
    ...Object.entries({ root: Math.SQRT2, one: 1, half: 0.5, two: 2 }).map(([name, value]) =>
      floats(name, [], [value]),
    ),
    ints("last", [-1]),
    {
      name: "index",
      dims: [1, 4, 3, 2],
      data_type: dataType.i64,
      int64_data: Array.from({ length: 24 }, (_, i) => i % 6),
    },
    { name: "k", dims: [], data_type: dataType.i64, int64_data: [1] },
  ],
});

export const onnxModels = [network, shapes, patterns];
export const onnxOptions = { dimensions: { W: 20 } };
