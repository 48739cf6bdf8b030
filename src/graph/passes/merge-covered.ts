// Computes once what several nodes compute where one of them computes all: a pool's maxima in the forward pass, and again with
// the indices that its gradient wants.
import { createNode, type Graph, type Node, type Value } from "../ir/graph.ts";
import { rewrite } from "./rewrite.ts";

/** Nodes of the same inputs become the one that covers both, in the place and by the name of the first. */
export function mergeCovered(graph: Graph): Graph {
  const covering = new Map<Node, Node>();
  for (const kinds of kindsByInputs(graph.nodes)) {
    for (const kind of kinds) {
      // The kind itself among them.
      const all = kinds.filter(([other]) => covers(other, kind[0]));
      const whole = all.find(([one]) => all.every(([other]) => covers(one, other)));
      if (whole) for (const node of kind) covering.set(node, whole[0]);
    }
  }
  const merged = new Map<Node, readonly Value[]>();
  return rewrite(graph, (node, { value, emit }) => {
    const whole = covering.get(node);
    if (!whole) return undefined;
    const known = merged.get(whole);
    if (known) return known;
    const { operator, attrs, epilogue } = whole;
    const outputNames = node.outputs.map(({ name }) => name);
    const outputs = emit(
      createNode(operator, node.inputs.map(value), attrs, { name: node.name, epilogue, outputNames }),
    );
    merged.set(whole, outputs);
    return outputs;
  });
}

type Kind = [Node, ...Node[]];

/** Nodes that may cover others, or be covered, by what they read; those of one kind compute the same. */
function kindsByInputs(nodes: readonly Node[]): readonly Kind[][] {
  const numbers = new Map<Value, number>();
  const numberOf = (value: Value) => {
    const number = numbers.get(value) ?? numbers.size;
    numbers.set(value, number);
    return number;
  };
  const byInputs = new Map<string, Map<string, Kind>>();
  for (const node of nodes) {
    const { operator, attrs, inputs } = node;
    if (!operator.covers) continue;
    const read = inputs.map(numberOf).join();
    const kinds = byInputs.get(read) ?? new Map<string, Kind>();
    byInputs.set(read, kinds);
    const key = operator.name + JSON.stringify(attrs);
    const kind = kinds.get(key);
    if (kind) kind.push(node);
    else kinds.set(key, [node]);
  }
  return [...byInputs.values()].map((kinds) => [...kinds.values()]);
}

function covers(one: Node, other: Node): boolean {
  return one.operator === other.operator && one.operator.covers!(one.attrs, other.attrs);
}
