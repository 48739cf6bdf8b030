// Lets a graph store its tensors in f16; its inputs and outputs stay what they are.
import { cast } from "../../ops/elementwise/cast.ts";
import { elementCount } from "../../tensor.ts";
import { createNode, type Graph, isFloat, type Node, type Value, withInputs } from "../ir/graph.ts";
import { rewrite } from "./rewrite.ts";

/**
 * Every node that runs on data reads and writes f16, but for the names in `keep`; what depends on parameters alone is
 * computed in f32 and converted then, unless it repeats in arithmetic: as a factor its rounding would not average out.
 * Kernels add up in f32, and take biases and other inputs that the operator calls `full` in f32. Statistics, which a node on
 * f16 gives as f32, stay so, and so does what is computed from them alone: the losses of pixels and their sum.
 */
export function storeHalf(graph: Graph, keep: ReadonlySet<string> = new Set()): Graph {
  const fixed = new Set<Value>([...graph.parameters]);
  const converted = new Map<Value, Value>();
  const statistics = new Set<Value>();
  const half = rewrite(graph, (node, { value, emit }) => {
    const inputs = node.inputs.map(value);
    const isFixed = (input: Value) => input.kind === "constant" || fixed.has(input);
    const runsOnce = inputs.every(isFixed);
    const to = (input: Value, dtype: "f16" | "f32"): Value => {
      if (input.type.dtype === dtype || !isFloat(input)) return input;
      const stored = widened(input);
      if (stored && dtype === "f16") return stored;
      const known = converted.get(input);
      if (known) return known;
      const [made] = emit(createNode(cast, [input], { to: dtype }, { name: `${input.name}:${dtype}` }));
      converted.set(input, made!);
      return made!;
    };
    if (node.operator === cast) {
      if (runsOnce) for (const output of node.outputs) fixed.add(output);
      return undefined;
    }
    const full = new Set(fullInputs(node));
    const repeats = (input: Value) => elementCount(input.type.shape) < elementCount(node.outputs[0]!.type.shape);
    const staysFull = (input: Value, i: number) =>
      full.has(i) || (node.operator.mixesFloats && isFixed(input) && repeats(input));
    const isStatistic = readsStatistics(inputs);
    const isHalf = !runsOnce && !isStatistic && !keep.has(node.name);
    const typed = inputs.map((input, i) => to(input, isHalf && !staysFull(input, i) ? "f16" : "f32"));
    const outputs = emit(withInputs(node, typed));
    if (runsOnce) for (const output of outputs) fixed.add(output);
    if (isHalf || isStatistic) for (const output of outputs) if (output.type.dtype === "f32") statistics.add(output);
    return outputs;
  });
  return withFullOutputs(half);

  function readsStatistics(inputs: readonly Value[]): boolean {
    const computed = inputs.filter((input) => isFloat(input) && input.kind === "computed" && !fixed.has(input));
    return computed.length > 0 && computed.every((input) => statistics.has(input));
  }
}

/**
 * Takes the parameters of these names as f16, as their file has them: half is uploaded, and where the graph stores f16, they
 * stay what they are.
 */
export function takeHalf(graph: Graph, names: ReadonlySet<string>): Graph {
  const replaced = new Map<Value, Value>();
  const casts: Node[] = [];
  const parameters = graph.parameters.map((parameter): Value => {
    if (!names.has(parameter.name)) return parameter;
    const half: Value = { ...parameter, type: { ...parameter.type, dtype: "f16" } };
    const node = createNode(cast, [half], { to: "f32" }, { name: `${parameter.name}:f32` });
    casts.push(node);
    replaced.set(parameter, node.outputs[0]!);
    return half;
  });
  if (casts.length === 0) return graph;
  const outputs = new Map([...graph.outputs].map(([name, value]) => [name, replaced.get(value) ?? value]));
  const taken = rewrite({ ...graph, parameters, outputs }, (node, { value, emit }) => {
    const inputs = node.inputs.map((input) => replaced.get(input) ?? value(input));
    if (inputs.every((input, i) => input === node.inputs[i])) return undefined;
    return emit(withInputs(node, inputs));
  });
  return { ...taken, nodes: [...casts, ...taken.nodes], parameters };
}

/** The f16 that a value was widened from. */
function widened({ producer }: Value): Value | undefined {
  const [source] = producer?.operator === cast ? producer.inputs : [];
  return source?.type.dtype === "f16" ? source : undefined;
}

function fullInputs({ operator, epilogue, inputs }: Node): readonly number[] {
  const bias = epilogue.bias ? [inputs.length - (epilogue.residual ? 2 : 1)] : [];
  return [...(operator.fullInputs ?? []), ...bias];
}

/** Users see f32: outputs of the graph are converted back. */
function withFullOutputs(graph: Graph): Graph {
  const nodes = [...graph.nodes];
  const widenings = new Map<Value, Node>();
  for (const node of nodes) {
    const [source] = node.inputs;
    const isWidening = node.operator === cast && node.outputs[0]!.type.dtype === "f32";
    if (source && isWidening && !widenings.has(source)) widenings.set(source, node);
  }
  const full = (value: Value): Value => {
    if (value.type.dtype !== "f16") return value;
    const known = widenings.get(value);
    const node = known ?? createNode(cast, [value], { to: "f32" }, { name: `${value.name}:f32` });
    if (!known) nodes.push(node);
    widenings.set(value, node);
    return node.outputs[0]!;
  };
  return { ...graph, outputs: new Map([...graph.outputs].map(([name, value]) => [name, full(value)])), nodes };
}
