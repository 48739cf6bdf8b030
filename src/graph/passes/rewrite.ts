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
  /** Old values by what stands for them. */
  const standing = new Map<Value, Value[]>();
  const replace = (old: Value, now: Value) => {
    replaced.set(old, now);
    const others = standing.get(now);
    if (others) others.push(old);
    else standing.set(now, [old]);
  };
  const nodes: Node[] = [];
  const rewriting: Rewriting = {
    value: (old) => replaced.get(old) ?? old,
    emit(node) {
      nodes.push(node);
      return node.outputs;
    },
    supersede(before, now) {
      before.outputs.forEach((output, i) => {
        for (const old of standing.get(output) ?? []) replace(old, now.outputs[i]!);
      });
    },
  };
  for (const node of graph.nodes) {
    const outputs = visit(node, rewriting) ?? rewriting.emit(withInputs(node, node.inputs.map(rewriting.value)));
    node.outputs.forEach((old, i) => {
      replace(old, outputs[i]!);
    });
  }
  const outputs = new Map([...graph.outputs].map(([name, value]) => [name, rewriting.value(value)]));
  return prune({ ...graph, nodes, outputs });
}
