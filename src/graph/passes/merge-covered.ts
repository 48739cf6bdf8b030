// Computes once what several nodes compute where one of them computes all: a pool's maxima in the forward pass, and again with
// the indices that its gradient wants.
import { createNode, type Graph, type Node, type Value } from "../ir/graph.ts";
import { rewrite } from "./rewrite.ts";

/** Nodes of the same inputs become the one that covers both, in the place and by the name of the first. */
export function mergeCovered(graph: Graph): Graph {
  const candidates = graph.nodes.filter(({ operator }) => operator.covers);
  const covering = new Map<Node, Node>();
  for (const node of candidates) {
    // The node itself among them.
    const all = candidates.filter((other) => covers(other, node));
    const whole = all.find((one) => all.every((other) => covers(one, other)));
    if (whole) covering.set(node, whole);
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

function covers(one: Node, other: Node): boolean {
  const haveSameInputs =
    one.inputs.length === other.inputs.length && one.inputs.every((input, i) => input === other.inputs[i]);
  return one.operator === other.operator && haveSameInputs && one.operator.covers!(one.attrs, other.attrs);
}
