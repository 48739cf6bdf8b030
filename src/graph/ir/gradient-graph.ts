// A graph with its vector-Jacobian product: what a loss that is computed elsewhere needs of a network.
import { UsageError } from "../../errors.ts";
import { names, shown } from "../../options.ts";
import { elementCount } from "../../tensor.ts";
import { differentiate, type Seed } from "./differentiate.ts";
import { type Graph, isFloat, type Node, type Value } from "./graph.ts";

/**
 * A graph that also takes `grad:NAME`, d(loss)/d(output), for each output of `of`, and also gives `grad:NAME`, d(loss)/d(value) in
 * the value's shape, for every float input and every parameter, in the order in which the backward pass has them. Outputs that
 * `of` leaves out do not count; what no output depends on has zeros.
 * - of: names of outputs of floats. Default: all of them.
 * Throws UsageError for a name that is no such output, and where the way leads through an operator without gradient.
 *
 *     const graph = gradientGraph(b.build());
 *     const compiled = await compile(gpu, graph, { parameter });
 *     const { logits, "grad:image": gx } = await compiled.run({ image, "grad:logits": gy });
 */
export function gradientGraph(graph: Graph, of: readonly string[] = floatOutputs(graph)): Graph {
  if (!names.fits(of)) throw new UsageError(`gradientGraph: got ${shown(of)}, expected ${names.expected} of outputs`);
  const seeds = of.map((name) => seedOf(graph, name));
  const wanted = [...graph.inputs.filter(isFloat), ...graph.parameters];
  const backward: Node[] = [];
  const gradients = differentiate(graph.nodes, seeds, wanted, (node) => {
    backward.push(node);
    return node.outputs;
  });
  const places = new Map(backward.map((node, i) => [node, i]));
  const found = wanted
    .map((value, i) => ({ name: `grad:${value.name}`, gradient: gradients[i] ?? zeros(value) }))
    .map((entry) => ({ ...entry, at: (entry.gradient.producer && places.get(entry.gradient.producer)) ?? -1 }))
    .sort((a, b) => a.at - b.at);
  const inputs = [...graph.inputs, ...seeds.map(({ gradient }) => gradient)];
  const outputs = [...graph.outputs, ...found.map(({ name, gradient }) => [name, gradient] as const)];
  requireDistinct(inputs.map(({ name }) => name));
  requireDistinct(outputs.map(([name]) => name));
  return { ...graph, inputs, nodes: [...graph.nodes, ...backward], outputs: new Map(outputs) };
}

function floatOutputs(graph: Graph): readonly string[] {
  return [...graph.outputs].filter(([, value]) => isFloat(value)).map(([name]) => name);
}

function seedOf(graph: Graph, name: string): Seed {
  const value = graph.outputs.get(name);
  if (!value || !isFloat(value)) {
    const got = value ? "the output holds integers" : "no such output";
    throw new UsageError(`gradient of ${name}: ${got}, expected ${floatOutputs(graph).join(", ") || "none"}`);
  }
  return { value, gradient: { name: `grad:${name}`, type: value.type, kind: "input" } };
}

function zeros({ name, type }: Value): Value {
  return { name: `grad:${name}`, type, kind: "constant", data: new Float32Array(elementCount(type.shape)) };
}

function requireDistinct(names: readonly string[]): void {
  const seen = new Set<string>();
  const twice = names.find((name) => seen.size === seen.add(name).size);
  if (twice !== undefined) throw new UsageError(`gradients: the name ${twice} is taken by the graph itself`);
}
