// Where numbers stop being finite, or no longer fit f16: the question that every diverged network asks first.
import type { Gpu } from "../../gpu/gpu.ts";
import { cast } from "../../ops/elementwise/cast.ts";
import { abs } from "../../ops/elementwise/unary.ts";
import type { Operator } from "../../ops/operator.ts";
import { amax } from "../../ops/reduce/reductions.ts";
import type { TensorData } from "../../tensor.ts";
import { createNode, type Graph, isFloat, type Node, type Value } from "../ir/graph.ts";
import { optimize, type Precision } from "../passes/optimize.ts";
import type { RunInputs } from "./check-tensors.ts";
import { compile } from "./compile.ts";

/** What a graph is run on, and how it stores its tensors. */
export interface FindOptions extends Precision {
  readonly inputs: RunInputs;
  readonly parameter: (name: string) => Promise<TensorData>;
}

/** What larger numbers and infinities are stored as in f16. */
const largestHalf = 65504;

/**
 * The first input, parameter or node of a graph, in that order, with an element that is NaN, infinite or, where it is stored in f16,
 * at the end of its range: there f16 keeps what is larger, infinities too, as 65504. As `conv2d layer1.conv1`; undefined where there
 * is none. In f16 the nodes are those that store a tensor, after fusion. Runs the graph once, with the largest absolute value of each
 * as output. Rejects as `compile` and `run` do.
 */
export async function findNonFinite(
  gpu: Gpu,
  graph: Graph,
  { inputs, parameter, ...precision }: FindOptions,
): Promise<string | undefined> {
  const isHalf = precision.precision === "f16";
  const observed = observe(isHalf ? optimize(graph, precision) : graph);
  // What was stored in f16 is so for good.
  const compiled = await compile(gpu, observed.graph, { parameter, ...(!isHalf && precision) });
  try {
    const found = await compiled.run(inputs);
    return [...observed.limits].find(([name, limit]) => !(found[name]!.data[0]! < limit))?.[0];
  } finally {
    await compiled.dispose();
  }
}

/** The graph with the largest absolute value of each tensor as its outputs, and what each has to stay below. */
function observe(graph: Graph): { readonly graph: Graph; readonly limits: ReadonlyMap<string, number> } {
  const outputs = new Map<string, Value>();
  const limits = new Map<string, number>();
  const nodes: Node[] = [];
  const append = (operator: Operator, value: Value, attrs: object, name: string): Value => {
    const node = createNode(operator, [value], attrs, { name });
    nodes.push(node);
    return node.outputs[0]!;
  };
  const add = (value: Value, what: string) => {
    if (!isFloat(value)) return;
    const name = `${what} ${value.name}`;
    const absolute = append(abs, value, {}, `${name}:abs`);
    const most = append(amax as Operator, absolute, { axes: "all", keepDim: false }, name);
    const isHalf = value.type.dtype === "f16";
    outputs.set(name, isHalf ? append(cast as Operator, most, { to: "f32" }, `${name}:f32`) : most);
    limits.set(name, isHalf ? largestHalf : Number.POSITIVE_INFINITY);
  };
  for (const value of graph.inputs) add(value, "input");
  for (const value of graph.parameters) add(value, "parameter");
  for (const node of graph.nodes) {
    nodes.push(node);
    for (const value of node.outputs) add(value, node.operator.name);
  }
  return { graph: { ...graph, nodes, outputs }, limits };
}
