// The one way in which passes change a graph: walk the nodes in order, replace some, drop what became dead.
import { type Graph, type Node, prune, type Value, withInputs } from "../ir/graph.ts";

export interface Rewriting {
  /** The new value that stands for an old one. */
  value(old: Value): Value;
  /** Appends a new node and returns its outputs. */
  emit(node: Node): readonly Value[];
  /** Lets the outputs of a new node stand for whatever those of another one stood for. */
  supersede(before: Node, now: Node): void;
}

/** Returns the values that replace the node's outputs, or undefined to keep the node. */
export type Visit = (node: Node, rewriting: Rewriting) => readonly Value[] | undefined;

export function rewrite(graph: Graph, visit: Visit): Graph {
  const replaced = new Map<Value, Value>();
  const nodes: Node[] = [];
  const rewriting: Rewriting = {
    value: (old) => replaced.get(old) ?? old,
    emit(node) {
      nodes.push(node);
      return node.outputs;
    },
    supersede(before, now) {
      for (const [old, value] of replaced) {
        const output = before.outputs.indexOf(value);
        if (output >= 0) replaced.set(old, now.outputs[output]!);
      }
    },
  };
  for (const node of graph.nodes) {
    const outputs = visit(node, rewriting) ?? rewriting.emit(withInputs(node, node.inputs.map(rewriting.value)));
    node.outputs.forEach((old, i) => {
      replaced.set(old, outputs[i]!);
    });
  }
  const outputs = new Map([...graph.outputs].map(([name, value]) => [name, rewriting.value(value)]));
  return prune({ ...graph, nodes, outputs });
}
