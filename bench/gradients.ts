// Gradient kernels alone: the nodes that differentiation appends to one operator, on what the forward pass left for them.
import { GraphBuilder } from "../src/graph/ir/builder.ts";
import { createNode, type Graph, type Node, prune, type Value } from "../src/graph/ir/graph.ts";
import { mergeCovered } from "../src/graph/passes/merge-covered.ts";
import { averagePool2d, maxPool2d, relu, resize2d } from "../src/ops/index.ts";
import { crossEntropy } from "../src/ops/loss/cross-entropy.ts";
import { batchNormTraining } from "../src/ops/norm/batch-norm-training.ts";
import type { Operator } from "../src/ops/operator.ts";
import { elementCount, type Shape } from "../src/tensor.ts";
import { type BenchCase, costed } from "./cases.ts";
import type { Precision } from "./record.ts";
import { type ConvSpec, describe, parseConv } from "./shape.ts";

export interface GradientCase extends BenchCase {
  readonly suite: "gradients";
  /** From the gradient of the operator's output to `result`; all else that it reads are parameters. */
  readonly graph: Graph;
  /** Computes, from inputs that are parameters of `graph` by the same names, the other parameters that are no weights. */
  readonly forward: Graph;
}

/** Those of the smallest trained network, MSFF-ResNet18 at a quarter of its width on four images of 160x160, and a few larger. */
const convolutions = [
  "4,3,160,160 k7 c16 s2 p3",
  "4,16,40,40 k3 c16",
  "4,16,40,40 k3 c32 s2 p1",
  "4,64,10,10 k3 c64",
  "4,128,5,5 k3 c128",
  "4,128,5,5 k1 c128",
  "4,16,5,5 k3 c16 g16 d3",
  "4,32,80,80 k3 c8 s2 p1 t o1",
  "4,8,160,160 k3 c8",
  "4,8,160,160 k3 c2",
  "1,64,56,56 k3 c64",
  "1,256,14,14 k3 c256",
  "1,16,16,32,32 k3 c32",
];

export function gradientCases(precision: Precision = "f32"): GradientCase[] {
  return [
    ...convolutions.flatMap((shape) => convGradientCases(parseConv(shape), precision)),
    ...[[4, 8, 160, 160] as const, [4, 16, 80, 80] as const, [4, 128, 5, 5] as const].flatMap((shape) =>
      normCases(shape, precision),
    ),
    unaryCase("relu", [4, 16, 80, 80], (b, x) => b.apply(relu, [x], {}), precision),
    unaryCase(
      "max pool 3x3 s2",
      [4, 16, 80, 80],
      (b, x) => b.apply(maxPool2d, [x], { kernel: 3, stride: 2, padding: 1 }),
      precision,
    ),
    unaryCase("average pool 2x2", [4, 128, 10, 10], (b, x) => b.apply(averagePool2d, [x], { kernel: 2 }), precision),
    unaryCase(
      "bilinear to 80x80",
      [4, 32, 40, 40],
      (b, x) => b.apply(resize2d, [x], { size: [80, 80], mode: "bilinear" }),
      precision,
    ),
    ...crossEntropyCases([4, 2, 160, 160], precision),
  ];
}

/** Gradients of a convolution with a bias: of its input, its weight and its bias. */
export function convGradientCases(spec: ConvSpec, precision: Precision = "f32"): GradientCase[] {
  return ["input", "weight", "bias"].map((wanted) =>
    gradientCase({ group: "Convolutions", name: `${describe(spec)}, ${wanted} gradient`, precision }, (b) => {
      const values: Readonly<Record<string, Value>> = {
        input: b.input("x", spec.input),
        weight: b.parameter("weight", spec.weight),
        bias: b.parameter("bias", [spec.outChannels]),
      };
      const { input, weight, bias } = values;
      const y = b.apply(spec.operator, [input!, weight!], spec.given, { bias: bias! });
      return { y, wanted: values[wanted]! };
    }),
  );
}

/** Batch norm with the batch's statistics, there and back; the way back gives all three gradients at once. */
function normCases(shape: Shape, precision: Precision): GradientCase[] {
  const group = "Batch norm in training";
  const name = `batch norm ${shape.join("x")}`;
  const apply = (b: GraphBuilder, x: Value) => {
    const vectors = ["weight", "bias"].map((key) => b.parameter(key, [shape[1]!]));
    return b.apply(batchNormTraining, [x, ...vectors], {});
  };
  return [
    forwardCase({ group, name, precision }, (b) => apply(b, b.input("x", shape))),
    gradientCase({ group, name: `${name}, gradient`, precision }, (b) => {
      const x = b.input("x", shape);
      return { y: apply(b, x), wanted: x };
    }),
  ];
}

function crossEntropyCases(shape: Shape, precision: Precision): GradientCase[] {
  const [items, classes, ...sizes] = shape as [number, number, ...number[]];
  const title = { group: "Losses", name: `cross-entropy ${shape.join("x")}`, precision };
  const apply = (b: GraphBuilder, logits: Value) => {
    const labelShape = [items, ...sizes];
    const data = Uint32Array.from({ length: elementCount(labelShape) }, (_, i) => i % classes);
    return b.apply(crossEntropy, [logits, b.constant("labels", { shape: labelShape, data })], {});
  };
  return [
    forwardCase(title, (b) => apply(b, b.input("logits", shape))),
    gradientCase({ ...title, name: `${title.name}, gradient` }, (b) => {
      const logits = b.input("logits", shape);
      return { y: apply(b, logits), wanted: logits };
    }),
  ];
}

function unaryCase(
  name: string,
  shape: Shape,
  apply: (b: GraphBuilder, x: Value) => Value,
  precision: Precision,
): GradientCase {
  const title = { group: "Pools, resizing, activations", name: `${name} ${shape.join("x")}, gradient`, precision };
  return gradientCase(title, (b) => {
    const x = b.input("x", shape);
    return { y: apply(b, x), wanted: x };
  });
}

type Title = Pick<GradientCase, "group" | "name" | "precision">;

function gradientCase(
  title: Title,
  build: (b: GraphBuilder) => { readonly y: Value; readonly wanted: Value },
): GradientCase {
  const b = new GraphBuilder();
  const { y, wanted } = build(b);
  const gy = b.input("gy", y.type.shape);
  b.output("y", y);
  b.output("result", b.gradients([{ value: y, gradient: gy }], [wanted])[0]!);
  const { graph, forward } = splitBackward(b.build(), gy);
  return { suite: "gradients", ...title, ...costed(graph, title.precision), forward };
}

function forwardCase(title: Title, build: (b: GraphBuilder) => Value): GradientCase {
  const b = new GraphBuilder();
  b.output("result", build(b));
  const graph = b.build();
  const forward = { ...graph, parameters: [], nodes: [], outputs: new Map() };
  return { suite: "gradients", ...title, ...costed(graph, title.precision), forward };
}

/** Cuts a graph where differentiation began; what crosses the cut is an output here and a parameter there. */
function splitBackward(whole: Graph, gy: Value): Pick<GradientCase, "graph" | "forward"> {
  const merged = mergeCovered(whole);
  const isBackward = ({ name }: Node) => name.startsWith("grad:");
  const backward = merged.nodes.filter(isBackward);
  const forwardNodes = merged.nodes.filter((node) => !isBackward(node));
  const left = new Set([
    ...merged.inputs.filter((input) => input !== gy),
    ...forwardNodes.flatMap((node) => node.outputs),
  ]);
  const crossing = [...left].filter((value) => backward.some(({ inputs }) => inputs.includes(value)));
  const now = new Map<Value, Value>(
    crossing.map((value) => [value, { name: value.name, type: value.type, kind: "parameter" }]),
  );
  const nodes = backward.map((node) => {
    const inputs = node.inputs.map((input) => now.get(input) ?? input);
    const copy = createNode(node.operator as Operator, inputs, node.attrs, {
      name: node.name,
      epilogue: node.epilogue,
    });
    for (const [i, output] of node.outputs.entries()) now.set(output, copy.outputs[i]!);
    return copy;
  });
  const parameters = [...merged.parameters, ...crossing.map((value) => now.get(value)!)];
  const outputs = new Map([["result", now.get(merged.outputs.get("result")!)!]]);
  const computed = crossing.filter(({ kind }) => kind === "computed");
  return {
    graph: prune({ inputs: [gy], parameters, nodes, outputs }),
    forward: prune({
      inputs: merged.inputs.filter((input) => input !== gy),
      parameters: merged.parameters,
      nodes: forwardNodes,
      outputs: new Map(computed.map((value) => [value.name, value])),
    }),
  };
}
