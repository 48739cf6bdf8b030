// What is done to the nodes of a graph before they are imported: those that no output needs are left out, and softmax that a
// model spells out becomes one node.

import { type AttributeProto, attributeTypes, type GraphProto, type NodeProto, type TensorProto } from "./messages.ts";
import { checkTensor, elementsOf } from "./tensor.ts";

/** The nodes to import, in the file's order. Throws FormatError for a tensor of axes that is broken. */
export function simplify(graph: GraphProto, opset: number, file: string): readonly NodeProto[] {
  const matcher = new Matcher(graph, file);
  // Before operator set 13 Softmax is over several axes.
  const nodes = opset < 13 ? graph.nodes : graph.nodes.map((node) => matcher.softmax(node) ?? node);
  return withoutUnneeded(
    nodes,
    graph.outputs.map(({ name }) => name),
  );
}

function withoutUnneeded(nodes: readonly NodeProto[], outputs: readonly string[]): readonly NodeProto[] {
  const producers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const needed = new Set<NodeProto>();
  const names = [...outputs];
  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    const node = producers.get(name);
    if (!node || needed.has(node)) continue;
    needed.add(node);
    names.push(...namesReadBy(node));
  }
  return nodes.filter((node) => needed.has(node));
}

/** Subgraphs read names of the graphs around them. */
function namesReadBy({ inputs, attributes }: NodeProto): string[] {
  const inner = attributes.flatMap(({ g }) =>
    g ? [...g.nodes.flatMap(namesReadBy), ...g.outputs.map(({ name }) => name)] : [],
  );
  return [...inputs, ...inner];
}

/** Finds what produced a value. */
class Matcher {
  readonly #producers: ReadonlyMap<string, NodeProto>;
  readonly #tensors: ReadonlyMap<string, TensorProto>;
  readonly #file: string;

  constructor({ nodes, initializers }: GraphProto, file: string) {
    this.#producers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node] as const)));
    this.#tensors = new Map(initializers.map((tensor) => [tensor.name, tensor]));
    this.#file = file;
  }

  /**
   * exp(x) / sum(exp(x)), where x may be y - max(y): softmax of x or of y, which is the same. And log(softmax(x)), which is more
   * exact as one. Undefined for any other node.
   */
  softmax(node: NodeProto): NodeProto | undefined {
    if (node.opType === "Log") {
      const softmax = this.#producer(node, 0, "Softmax");
      return softmax && { ...softmax, opType: "LogSoftmax", name: node.name, outputs: node.outputs };
    }
    if (node.opType !== "Div") return undefined;
    const exp = this.#producer(node, 0, "Exp");
    const sum = this.#producer(node, 1, "ReduceSum");
    const axis = sum && this.#axisOf(sum);
    if (!exp || axis === undefined || sum?.inputs[0] !== exp.outputs[0]) return undefined;
    const inputs = [this.#withoutMaximum(exp, axis)];
    return { ...node, opType: "Softmax", inputs, attributes: [intAttribute("axis", axis)] };
  }

  #withoutMaximum(exp: NodeProto, axis: number): string {
    const x = exp.inputs[0] ?? "";
    const difference = this.#producer(exp, 0, "Sub");
    const maximum = difference && this.#producer(difference, 1, "ReduceMax");
    const isShift = maximum && maximum.inputs[0] === difference.inputs[0] && this.#axisOf(maximum) === axis;
    return isShift ? (difference.inputs[0] ?? x) : x;
  }

  #producer(node: NodeProto, input: number, opType: string): NodeProto | undefined {
    const producer = this.#producers.get(node.inputs[input] ?? "");
    return producer?.opType === opType && producer.domain === node.domain ? producer : undefined;
  }

  /** The one axis of a reduction that keeps it. */
  #axisOf({ inputs, attributes }: NodeProto): number | undefined {
    const attribute = (name: string) => attributes.find((candidate) => candidate.name === name);
    if ((attribute("keepdims")?.i ?? 1) === 0) return undefined;
    const constant = this.#producers.get(inputs[1] ?? "");
    const stated =
      constant?.opType === "Constant" ? constant.attributes.find(({ name }) => name === "value")?.t : undefined;
    const tensor = stated ?? this.#tensors.get(inputs[1] ?? "");
    if (tensor?.isExternal) return undefined;
    const axes = tensor ? elementsOf(checkTensor(tensor, this.#file), this.#file) : (attribute("axes")?.ints ?? []);
    return axes.length === 1 ? axes[0] : undefined;
  }
}

function intAttribute(name: string, i: number): AttributeProto {
  const none = { f: 0, s: "", t: undefined, g: undefined, floats: [], ints: [], strings: [] };
  return { ...none, name, type: attributeTypes.int, i };
}
