// One node as a graph of its own, for measuring and checking it alone.
import { createNode, type Graph, type Node } from "./graph.ts";

/** The node's first input is given at run time, its other inputs are parameters; its first output is named `result`. */
export function isolate(node: Node): Graph {
  const inputs = node.inputs.map(({ name, type }, i) => ({
    name: i === 0 ? "input" : `${i}:${name}`,
    type,
    kind: i === 0 ? ("input" as const) : ("parameter" as const),
  }));
  const copy = createNode(node.operator, inputs, node.attrs, { name: node.name, epilogue: node.epilogue });
  return {
    inputs: inputs.slice(0, 1),
    parameters: inputs.slice(1),
    nodes: [copy],
    outputs: new Map([["result", copy.outputs[0]!]]),
  };
}
