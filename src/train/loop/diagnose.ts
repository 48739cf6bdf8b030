// Where numbers stop being finite: the question that every diverged training asks first.
import type { Gpu } from "../../gpu/gpu.ts";
import { createNode, type Graph, type Node, type Value } from "../../graph/ir/graph.ts";
import type { RunInputs } from "../../graph/run/check-tensors.ts";
import { compile } from "../../graph/run/compile.ts";
import { abs } from "../../ops/elementwise/unary.ts";
import type { Operator } from "../../ops/operator.ts";
import { amax } from "../../ops/reduce/reductions.ts";
import type { TensorData } from "../../tensor.ts";

export interface FindOptions {
  readonly inputs: RunInputs;
  readonly parameter: (name: string) => Promise<TensorData>;
}

/**
 * The first input, parameter or node of a graph, in that order, with an element that is not finite; "none" where all of them are, as
 * when a gradient overflows alone. Runs the graph once, with the largest absolute value of each as output.
 */
export async function findNonFinite(gpu: Gpu, graph: Graph, { inputs, parameter }: FindOptions): Promise<string> {
  const outputs = new Map<string, Value>();
  const nodes: Node[] = [];
  const add = (value: Value, what: string) => {
    if (value.type.dtype !== "f32") return;
    const name = `${what} ${value.name}`;
    const absolute = createNode(abs, [value], {}, { name: `${name}:abs` });
    const most = createNode(amax as Operator, absolute.outputs, { axes: "all", keepDim: false }, { name });
    nodes.push(absolute, most);
    outputs.set(name, most.outputs[0]!);
  };
  for (const value of graph.inputs) add(value, "input");
  for (const value of graph.parameters) add(value, "parameter");
  for (const node of graph.nodes) {
    nodes.push(node);
    for (const value of node.outputs) add(value, node.operator.name);
  }
  const compiled = await compile(gpu, { ...graph, nodes, outputs }, { parameter });
  try {
    const found = await compiled.run(inputs);
    return [...outputs.keys()].find((name) => !Number.isFinite(found[name]!.data[0])) ?? "none";
  } finally {
    await compiled.dispose();
  }
}
