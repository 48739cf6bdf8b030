// What models spell out becomes one operator, with the numbers of the many; and what only looks like it stays what it is.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { difference } from "../../../src/difference.ts";
import { importOnnx } from "../../../src/formats/onnx/index.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { compile } from "../../../src/graph/run/compile.ts";
import { weightsFor } from "../../../src/models/weights.ts";
import { runParity } from "../../../src/parity/index.ts";
import { onnxRuntime } from "../../../src/parity/onnxruntime-node.ts";
import type { ReferenceEngine } from "../../../src/parity/reference.ts";
import { openTestGpu } from "../../support/gpu.ts";
import { createRandom, uniform } from "../../support/random.ts";
import { buildModel, floats, ints, type ModelFields, type NodeFields, type TensorFields } from "./build.ts";

interface PatternCase {
  readonly name: string;
  readonly opset?: number;
  readonly x: readonly number[];
  readonly nodes: readonly NodeFields[];
  readonly weights: readonly TensorFields[];
  /** What the nodes become. */
  readonly becomes: readonly string[];
  /** The value that an Identity hides, so that the pattern ends there. */
  readonly hidden: string;
  /** Close to the pattern, and another function: node and weight changes. */
  readonly near: Partial<Record<"nodes", readonly NodeFields[]> & Record<"weights", readonly TensorFields[]>>;
}

const scalar = (name: string, value: number): TensorFields => floats(name, [], [value]);
const node = (op: string, name: string, ...inputs: string[]): NodeFields => ({ op, name, inputs });
const mean = (name: string, x: string, axes: readonly number[]): NodeFields => ({
  op: "ReduceMean",
  name,
  inputs: [x],
  attributes: { axes },
});

const gelu = {
  nodes: [
    node("Div", "scaled", "x", "root"),
    node("Erf", "erf", "scaled"),
    node("Add", "plus", "erf", "one"),
    node("Mul", "twice", "x", "plus"),
    node("Mul", "y", "twice", "half"),
  ],
  weights: [scalar("root", Math.SQRT2), scalar("one", 1), scalar("half", 0.5)],
};

const tanhWeights = (cubic: number) => [
  ...[scalar("three", 3), scalar("cubic", cubic), scalar("factor", Math.sqrt(2 / Math.PI))],
  ...[scalar("one", 1), scalar("half", 0.5)],
];

/** (x - mean) / sqrt(variance + eps) as `core`. */
const standardized = (x: string, axes: readonly number[]): NodeFields[] => [
  mean("mean", x, axes),
  node("Sub", "centred", x, "mean"),
  node("Pow", "squares", "centred", "two"),
  mean("variance", "squares", axes),
  node("Add", "shifted", "variance", "eps"),
  node("Sqrt", "deviation", "shifted"),
  node("Div", "core", "centred", "deviation"),
];
const affine = [node("Mul", "scale", "core", "w"), node("Add", "y", "scale", "b")];
const statistics = [scalar("two", 2), scalar("eps", 1e-3)];

const groups = {
  nodes: [
    node("Reshape", "forth", "x", "grouped"),
    node("InstanceNormalization", "norm", "forth", "ones", "zeros"),
    node("Shape", "size", "x"),
    node("Reshape", "core", "norm", "size"),
    ...affine,
  ],
  weights: [
    ints("grouped", [0, 3, -1]),
    floats("ones", [3], [1, 1, 1]),
    floats("zeros", [3], [0, 0, 0]),
    floats("w", [6, 1, 1]),
    floats("b", [6, 1, 1], [1, 2, 3, 4, 5, 6]),
  ],
};

const cases: readonly PatternCase[] = [
  {
    name: "GELU by erf",
    x: [2, 3, 5],
    ...gelu,
    becomes: ["gelu"],
    hidden: "erf",
    near: { weights: [scalar("root", 1.4), ...gelu.weights.slice(1)] },
  },
  {
    name: "GELU by erf, with the half in the middle, scaled by a product",
    x: [2, 3, 5],
    nodes: [
      node("Mul", "scaled", "root", "x"),
      node("Erf", "erf", "scaled"),
      node("Add", "plus", "one", "erf"),
      node("Mul", "twice", "half", "plus"),
      node("Mul", "y", "x", "twice"),
    ],
    weights: [scalar("root", Math.SQRT1_2), scalar("one", 1), scalar("half", 0.5)],
    becomes: ["gelu"],
    hidden: "plus",
    near: { weights: [scalar("root", Math.SQRT1_2), scalar("one", 1), scalar("half", 0.25)] },
  },
  {
    name: "GELU by tanh",
    x: [2, 3, 5],
    nodes: [
      node("Pow", "cube", "x", "three"),
      node("Mul", "small", "cubic", "cube"),
      node("Add", "sum", "x", "small"),
      node("Mul", "scaled", "factor", "sum"),
      node("Tanh", "tanh", "scaled"),
      node("Add", "plus", "tanh", "one"),
      node("Mul", "gate", "half", "plus"),
      node("Mul", "y", "x", "gate"),
    ],
    weights: tanhWeights(0.044715),
    becomes: ["gelu"],
    hidden: "scaled",
    near: { weights: tanhWeights(0.0447) },
  },
  {
    name: "SiLU",
    x: [2, 3, 5],
    nodes: [node("Sigmoid", "gate", "x"), node("Mul", "y", "gate", "x")],
    weights: [],
    becomes: ["silu"],
    hidden: "gate",
    near: { nodes: [node("Sigmoid", "gate", "x"), node("Mul", "y", "gate", "gate")] },
  },
  {
    name: "SiLU with a factor of one",
    x: [2, 3, 5],
    nodes: [
      node("Mul", "square", "x", "x"),
      node("Mul", "scaled", "square", "beta"),
      node("Sigmoid", "gate", "scaled"),
      node("Mul", "y", "square", "gate"),
    ],
    weights: [floats("beta", [1], [1])],
    becomes: ["mul", "silu"],
    hidden: "gate",
    near: { weights: [floats("beta", [1], [1.5])] },
  },
  {
    name: "hard swish by a clip",
    x: [2, 3, 5],
    nodes: [
      node("Add", "raised", "x", "three"),
      node("Clip", "clip", "raised", "zero", "six"),
      node("Mul", "gated", "x", "clip"),
      node("Div", "y", "gated", "six"),
    ],
    weights: [scalar("three", 3), scalar("zero", 0), scalar("six", 6)],
    becomes: ["hardSwish"],
    hidden: "clip",
    near: { weights: [scalar("three", 2), scalar("zero", 0), scalar("six", 6)] },
  },
  {
    name: "hard swish by a clip in old attributes, divided first",
    opset: 10,
    x: [2, 3, 5],
    nodes: [
      node("Add", "raised", "three", "x"),
      { ...node("Clip", "clip", "raised"), attributes: { min: { float: 0 }, max: { float: 6 } } },
      node("Mul", "gate", "clip", "sixth"),
      node("Mul", "y", "gate", "x"),
    ],
    weights: [scalar("three", 3), scalar("sixth", 1 / 6)],
    becomes: ["hardSwish"],
    hidden: "gate",
    near: { weights: [scalar("three", 3), scalar("sixth", 0.16)] },
  },
  {
    name: "hard swish by a hard sigmoid",
    x: [2, 3, 5],
    nodes: [
      { ...node("HardSigmoid", "gate", "x"), attributes: { alpha: { float: 1 / 6 }, beta: { float: 0.5 } } },
      node("Mul", "y", "x", "gate"),
    ],
    weights: [],
    becomes: ["hardSwish"],
    hidden: "gate",
    near: { nodes: [node("HardSigmoid", "gate", "x"), node("Mul", "y", "x", "gate")] },
  },
  {
    name: "layer norm, weights and bias",
    opset: 17,
    x: [2, 3, 8],
    nodes: [...standardized("x", [-1]), ...affine],
    weights: [...statistics, floats("w", [8]), floats("b", [8])],
    becomes: ["layerNorm"],
    hidden: "variance",
    near: { nodes: [...standardized("x", [1]), ...affine] },
  },
  {
    name: "layer norm without weights over two axes, squared by a product, divided by a product",
    opset: 17,
    x: [2, 3, 4, 5],
    nodes: [
      mean("mean", "x", [2, 3]),
      node("Sub", "centred", "x", "mean"),
      node("Sub", "again", "x", "mean"),
      node("Mul", "squares", "again", "again"),
      mean("variance", "squares", [2, 3]),
      node("Add", "shifted", "eps", "variance"),
      node("Sqrt", "deviation", "shifted"),
      node("Reciprocal", "inverse", "deviation"),
      node("Mul", "y", "centred", "inverse"),
    ],
    weights: [scalar("eps", 1e-3)],
    becomes: ["layerNorm"],
    hidden: "deviation",
    near: {
      nodes: [
        mean("mean", "x", [2, 3]),
        node("Sub", "centred", "x", "mean"),
        node("Mul", "squares", "x", "x"),
        mean("variance", "squares", [2, 3]),
        node("Add", "shifted", "eps", "variance"),
        node("Sqrt", "deviation", "shifted"),
        node("Div", "y", "centred", "deviation"),
      ],
    },
  },
  {
    name: "instance norm, weights per channel",
    opset: 17,
    x: [2, 3, 4, 5],
    nodes: [...standardized("x", [2, 3]), ...affine],
    weights: [...statistics, floats("w", [1, 3, 1, 1]), floats("b", [3, 1, 1], [1, 2, 3])],
    becomes: ["reshape", "groupNorm"],
    hidden: "core",
    near: { weights: [...statistics, floats("w", [2, 1, 1, 1]), floats("b", [3, 1, 1], [1, 2, 3])] },
  },
  {
    name: "group norm by an instance norm",
    x: [2, 6, 3, 4],
    ...groups,
    becomes: ["reshape", "groupNorm"],
    hidden: "norm",
    near: {
      weights: groups.weights.map((tensor) => (tensor.name === "ones" ? floats("ones", [3], [1, 1, 2]) : tensor)),
    },
  },
  {
    name: "group norm by means, without a bias",
    opset: 17,
    x: [2, 6, 3, 4],
    nodes: [
      node("Reshape", "forth", "x", "grouped"),
      ...standardized("forth", [2]),
      node("Reshape", "back", "core", "size"),
      node("Mul", "y", "back", "w"),
    ],
    weights: [...statistics, ints("grouped", [2, 2, -1]), ints("size", [2, 6, 3, 4]), floats("w", [6, 1, 1])],
    becomes: ["reshape", "groupNorm"],
    hidden: "core",
    // Groups that reach over items.
    near: {
      weights: [...statistics, ints("grouped", [1, 2, -1]), ints("size", [2, 6, 3, 4]), floats("w", [6, 1, 1])],
    },
  },
  {
    name: "linear layer of a matrix",
    x: [5, 8],
    nodes: [node("MatMul", "product", "x", "w"), node("Add", "y", "b", "product")],
    weights: [floats("w", [8, 3]), floats("b", [3], [1, 2, 3])],
    becomes: ["gemm"],
    hidden: "product",
    near: { weights: [floats("w", [8, 3]), floats("b", [5, 1], [1, 2, 3, 4, 5])] },
  },
  {
    name: "linear layer of more axes",
    x: [2, 3, 5, 8],
    nodes: [node("MatMul", "product", "x", "w"), node("Add", "y", "product", "b")],
    weights: [floats("w", [8, 3]), floats("b", [1, 1, 3], [1, 2, 3])],
    becomes: ["reshape", "gemm"],
    hidden: "product",
    near: { weights: [floats("w", [8, 3]), floats("b", [5, 3])] },
  },
  {
    name: "softmax less the maximum",
    x: [2, 3, 5],
    nodes: [
      node("ReduceMax", "most", "x", "axis"),
      node("Sub", "less", "x", "most"),
      node("Exp", "exp", "less"),
      node("ReduceSum", "sum", "exp", "axis"),
      node("Div", "y", "exp", "sum"),
    ],
    weights: [ints("axis", [1])],
    becomes: ["softmax"],
    hidden: "exp",
    near: { weights: [ints("axis", [1, 2])] },
  },
];

let gpu: Gpu;
let engine: ReferenceEngine;
beforeAll(async () => {
  gpu = await openTestGpu();
  engine = await onnxRuntime();
});
afterAll(() => gpu.dispose());

function fieldsOf({ opset = 20, x, nodes, weights }: PatternCase): ModelFields {
  return { opset, inputs: { x }, nodes, initializers: weights, outputs: ["y"] };
}

/** The same numbers, by a file in which one value has another name for those that read it. */
function hide(fields: ModelFields, name: string): ModelFields {
  const nodes = fields.nodes.flatMap((entry) => {
    const read = { ...entry, inputs: entry.inputs.map((input) => (input === name ? `${name}.hidden` : input)) };
    return entry.name === name ? [read, node("Identity", `${name}.hidden`, name)] : [read];
  });
  return { ...fields, nodes };
}

async function operatorsOf(fields: ModelFields): Promise<string[]> {
  const { graph } = await importOnnx(buildModel(fields));
  return [...new Set(graph.nodes.map(({ operator }) => operator.name))];
}

async function run(fields: ModelFields): Promise<{ readonly shape: readonly number[]; readonly data: Float32Array }> {
  const model = await importOnnx(buildModel(fields));
  const compiled = await compile(gpu, model.graph, weightsFor(gpu, model.weights));
  const shape = model.graph.inputs[0]!.type.shape;
  const data = uniform(
    shape.reduce((a, b) => a * b, 1),
    createRandom(3),
  );
  const { y } = await compiled.run({ x: { shape, data } });
  await compiled.dispose();
  if (!(y?.data instanceof Float32Array)) throw new Error("y is not f32");
  return { shape: y.shape, data: y.data };
}

describe.each(cases)("$name", (entry) => {
  const whole = fieldsOf(entry);
  const near = fieldsOf({ ...entry, ...entry.near });
  const recognised = entry.becomes.at(-1)!;

  test("is recognised", async () => {
    expect(await operatorsOf(whole)).toEqual(entry.becomes);
  });

  test("the numbers are those of the nodes one by one, which an Identity between them keeps apart", async () => {
    const apart = hide(whole, entry.hidden);
    expect((await operatorsOf(apart)).length).toBeGreaterThan(1);
    expect(await operatorsOf(apart)).not.toContain(recognised);
    const [one, many] = [await run(whole), await run(apart)];
    expect(one.shape).toEqual(many.shape);
    expect(difference(one.shape, one.data, many.data).relativeL2).toBeLessThan(1e-6);
  });

  test("what is close to it is not, and has the numbers of ONNX Runtime", async () => {
    expect(await operatorsOf(near)).not.toContain(recognised);
    const report = await runParity(gpu, buildModel(near), engine);
    expect(report.firstDivergence).toBeUndefined();
  });
});

test("steps that others read stay", async () => {
  const { nodes, weights } = gelu;
  const fields = { inputs: { x: [2, 3, 5] }, nodes, initializers: weights, outputs: ["y", "erf"] };
  expect(await operatorsOf(fields)).toEqual(["div", "erf", "gelu"]);
  const product = [node("MatMul", "product", "x", "w"), node("Add", "y", "product", "b")];
  const both = { inputs: { x: [5, 8] }, nodes: product, initializers: [floats("w", [8, 3]), floats("b", [3])] };
  expect(await operatorsOf({ ...both, outputs: ["y", "product"] }), "computed once").toEqual(["matmul", "add"]);
});

test("a layer norm after which only a scale follows is one operator too", async () => {
  const nodes = [...standardized("x", [2]), node("Mul", "y", "w", "core")];
  const initializers = [...statistics, floats("w", [8])];
  expect(await operatorsOf({ opset: 13, inputs: { x: [2, 3, 8] }, nodes, initializers })).toEqual(["layerNorm"]);
});
