// What is measured: every distinct convolution of a network, each as a graph of its own, and the network as a whole.
import { GraphBuilder } from "../src/graph/builder.ts";
import { createNode, type Graph, type Node } from "../src/graph/graph.ts";
import { createCall } from "../src/graph/lower.ts";
import { msffResNet18 } from "../src/models/msff-resnet18.ts";
import { wholeView } from "../src/ops/operator.ts";

export interface BenchCase {
  readonly name: string;
  readonly graph: Graph;
  /** Floating-point operations of one run; a multiply-add counts two. */
  readonly flop: number;
  /** How many nodes of the network have this very shape. */
  readonly count: number;
}

/** MSFF-ResNet18 on one square image, at its full width, with nothing folded or fused yet. */
export function networkCase(size: number): BenchCase {
  const b = new GraphBuilder();
  const image = b.input("image", [1, 3, size, size]);
  b.output("logits", msffResNet18.build(b, image, msffResNet18.options({}, "bench")));
  const graph = b.build();
  const flop = graph.nodes.reduce((sum, node) => sum + flopOf(node), 0);
  return { name: `MSFF-ResNet18 ${size}x${size}`, graph, flop, count: 1 };
}

/** Convolutions by shape and attributes, in the order of the network. */
export function convolutionCases(network: Graph): BenchCase[] {
  const cases = new Map<string, BenchCase>();
  for (const node of network.nodes.filter(({ operator }) => operator.name.startsWith("conv"))) {
    const name = describe(node);
    const known = cases.get(name);
    cases.set(name, known ? { ...known, count: known.count + 1 } : single(node, name));
  }
  return [...cases.values()];
}

function single(node: Node, name: string): BenchCase {
  const b = new GraphBuilder();
  const inputs = node.inputs.map((value, i) =>
    i === 0 ? b.input("image", value.type.shape) : b.parameter(value.name, value.type.shape),
  );
  const { outputs, ...rest } = createNode(node.operator, inputs, node.attrs, {
    name: "result",
    epilogue: node.epilogue,
  });
  const copy: Node = { ...rest, outputs };
  const parameters = inputs.slice(1);
  const graph = { inputs: inputs.slice(0, 1), parameters, nodes: [copy], outputs: new Map([["result", outputs[0]!]]) };
  return { name, graph, flop: flopOf(node), count: 1 };
}

function flopOf(node: Node): number {
  return node.operator.cost(createCall(node, (value) => wholeView(value.type))).flop;
}

/** `conv 3x3 64->64 64x64`, with stride, dilation and groups where they are not 1. */
function describe(node: Node): string {
  const [x, weight] = node.inputs.map((value) => value.type.shape) as [number[], number[]];
  const attrs = node.attrs as { stride: number[]; dilation: number[]; groups: number };
  const [, outChannels] = node.outputs[0]!.type.shape;
  const kind = node.operator.name === "conv2d" ? "conv" : "convT";
  const parts = [`${kind} ${weight[2]}x${weight[3]} ${x[1]}->${outChannels} ${x[2]}x${x[3]}`];
  if (attrs.stride[0] !== 1) parts.push(`s${attrs.stride[0]}`);
  if (attrs.dilation[0] !== 1) parts.push(`d${attrs.dilation[0]}`);
  if (attrs.groups !== 1) parts.push(`g${attrs.groups}`);
  return parts.join(" ");
}
