// The intermediate representation: immutable nodes and values with static shapes, in topological order.
// Names are the network's own (PyTorch's module and parameter names), so that parity checks and errors can use them.
import { UsageError } from "../../errors.ts";
import type { InitialValue } from "../../ops/initial.ts";
import { type Epilogue, noEpilogue, nonEmpty, type Operator } from "../../ops/operator.ts";
import type { TensorData, TensorType } from "../../tensor.ts";

/** A tensor of a graph: its name and type, and where it comes from. */
export interface Value {
  readonly name: string;
  readonly type: TensorType;
  /**
   * Where it comes from: the caller, the weights, the graph itself (with `data`), a node, or the run before: a state keeps
   * its memory between runs, and an operator that `updates` it may write there.
   */
  readonly kind: "input" | "parameter" | "constant" | "computed" | "state";
  readonly producer?: Node;
  readonly data?: TensorData;
  /** How a parameter begins that no file gives, where its network says so; else its operator does. */
  readonly initial?: InitialValue;
}

/** One application of an operator. */
export interface Node {
  readonly name: string;
  readonly operator: Operator;
  readonly attrs: object;
  /** The operator's own inputs, then bias and residual where the epilogue has them. */
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly epilogue: Epilogue;
}

/** A computation without its data, from `GraphBuilder.build`: nodes in an order in which each comes after what it reads. */
export interface Graph {
  readonly inputs: readonly Value[];
  readonly parameters: readonly Value[];
  readonly nodes: readonly Node[];
  readonly outputs: ReadonlyMap<string, Value>;
}

export interface NodeOptions {
  readonly name: string;
  readonly epilogue?: Epilogue;
  /** Names of the outputs; the first defaults to the node's name. */
  readonly outputNames?: readonly string[];
}

/** Creates a node and its outputs. Throws ShapeError with the node's name in front. */
export function createNode(operator: Operator, inputs: readonly Value[], attrs: object, options: NodeOptions): Node {
  const epilogue = options.epilogue ?? noEpilogue;
  const own = inputs.length - (epilogue.bias ? 1 : 0) - (epilogue.residual ? 1 : 0);
  const ownTypes = inputs.slice(0, own).map((input) => input.type);
  const types = operator.shape(nonEmpty(ownTypes, `${operator.name}: inputs`), attrs);
  const outputs: Value[] = [];
  const node: Node = { name: options.name, operator, attrs, inputs, outputs, epilogue };
  for (const input of operator.updates ?? []) requireState(options.name, inputs[input]!);
  types.forEach((type, i) => {
    const name = options.outputNames?.[i] ?? (i === 0 ? options.name : `${options.name}:${i}`);
    outputs.push({ name, type, kind: "computed", producer: node });
  });
  return node;
}

/** The same node on other inputs; itself where they are its own and its names stay. */
export function withInputs(node: Node, inputs: readonly Value[], suffix = ""): Node {
  if (suffix === "" && inputs.every((input, i) => input === node.inputs[i])) return node;
  const { operator, attrs, name, epilogue, outputs } = node;
  const outputNames = outputs.map((output) => output.name + suffix);
  return createNode(operator, inputs, attrs, { name: name + suffix, epilogue, outputNames });
}

export function isFloat({ type: { dtype } }: Value): boolean {
  return dtype === "f32" || dtype === "f16";
}

function requireState(node: string, { name, kind }: Value): void {
  if (kind !== "state") throw new UsageError(`node ${node}: updates ${name}, which is no state`);
}

/**
 * Throws UsageError where something would see a state, or a part of it, as it is after the node that updates it: what an
 * update leaves is that node's output.
 */
export function checkStates({ nodes, outputs }: Graph): void {
  const stateOf = new Map<Value, Value>();
  const updaters = new Map<Value, Node>();
  const updated = (value: Value) => {
    const state = value.kind === "state" ? value : stateOf.get(value);
    const node = state && updaters.get(state);
    return (
      node && `reads state ${state.name} after node ${node.name} updates it, expected its output or an earlier node`
    );
  };
  for (const node of nodes) {
    const wrong = node.inputs.map(updated).find((found) => found !== undefined);
    if (wrong) throw new UsageError(`node ${node.name}: ${wrong}`);
    const [source] = node.inputs;
    const state = source?.kind === "state" ? source : source && stateOf.get(source);
    if (node.operator.alias && state) stateOf.set(node.outputs[0]!, state);
    for (const input of node.operator.updates ?? []) updaters.set(node.inputs[input]!, node);
  }
  for (const [name, value] of outputs) {
    const wrong = updated(value);
    if (wrong) throw new UsageError(`output ${name}: ${wrong}`);
  }
}

/** How often each value is read; an output of the graph counts as one more reader. */
export function countUses(graph: Graph): ReadonlyMap<Value, number> {
  const uses = new Map<Value, number>();
  const count = (value: Value) => uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const node of graph.nodes) node.inputs.forEach(count);
  for (const value of graph.outputs.values()) count(value);
  return uses;
}

/** Finds a value by its name, the last one where a name was reused. */
export function findValue(graph: Graph, name: string): Value | undefined {
  for (const node of graph.nodes.toReversed()) {
    const found = node.outputs.find((value) => value.name === name);
    if (found) return found;
  }
  return [...graph.inputs, ...graph.parameters].find((value) => value.name === name);
}

/** Drops nodes and parameters that no output and no state needs; inputs stay, they are the caller's contract. */
export function prune(graph: Graph): Graph {
  const needed = new Set<Value>(graph.outputs.values());
  const nodes = graph.nodes.toReversed().filter((node) => {
    if (!node.operator.updates && !node.outputs.some((value) => needed.has(value))) return false;
    for (const input of node.inputs) needed.add(input);
    return true;
  });
  return { ...graph, nodes: nodes.reverse(), parameters: graph.parameters.filter((value) => needed.has(value)) };
}
