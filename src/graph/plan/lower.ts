// Gives every node its kernel, makes the packing of weights explicit, and parts what runs once from what runs every time.
import type { DeviceTraits } from "../../ops/device-traits.ts";
import { type Call, type Kernel, nonEmpty, type Operand } from "../../ops/operator.ts";
import { wholeView } from "../../ops/view.ts";
import { createNode, type Graph, type Node, type Value } from "../ir/graph.ts";
import { type Choice, choose, isKernel } from "./choose.ts";

/** A node with its kernel; `operands` are the node's inputs, packed where the kernel wants that. */
export interface Step {
  readonly node: Node;
  readonly kernel: Kernel;
  readonly operands: readonly Value[];
}

/** Steps in order, what is written before them and what is read after them. */
export interface Program {
  readonly steps: readonly Step[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
}

export interface LoweredGraph {
  /** What depends on parameters and constants only: it runs once. Its outputs are what `run` reads of it. */
  readonly once: Program;
  /** What runs every time. */
  readonly run: Program;
}

/** Of a graph that `decompose` went through with the same choice. */
export function lower(graph: Graph, device: DeviceTraits, choice?: Choice): LoweredGraph {
  const once: Step[] = [];
  const run: Step[] = [];
  const fixed = new Set<Value>();
  const isFixed = (value: Value) => value.kind === "parameter" || value.kind === "constant" || fixed.has(value);
  const append = (step: Step) => {
    const runsOnce = step.operands.every(isFixed);
    (runsOnce ? once : run).push(step);
    if (runsOnce) for (const output of step.node.outputs) fixed.add(output);
  };
  const kernelOf = (node: Node): Kernel => {
    const kernel = choose(node, wholeCall(node), device, choice);
    if (isKernel(kernel)) return kernel;
    throw new Error(`node ${node.name}: ${kernel.name} is no kernel; decompose first`);
  };
  for (const node of graph.nodes) {
    const kernel = kernelOf(node);
    const operands = [...node.inputs];
    for (const pack of kernel.packs?.(wholeCall(node), device) ?? []) {
      const source = operands[pack.input]!;
      const attrs = pack.operator.attributes(pack.given);
      const packNode = createNode(pack.operator, [source], attrs, { name: `${source.name}:packed` });
      append({ node: packNode, kernel: kernelOf(packNode), operands: [source] });
      operands[pack.input] = packNode.outputs[0]!;
    }
    append({ node, kernel, operands });
  }
  const outputs = [...graph.outputs.values()];
  const read = new Set([...run.flatMap((step) => step.operands), ...outputs]);
  const kept = once.flatMap((step) => step.node.outputs).filter((value) => read.has(value));
  return { once: { steps: once, inputs: [], outputs: kept }, run: { steps: run, inputs: graph.inputs, outputs } };
}

/** A node's call with every operand alone in its buffer. */
export function wholeCall(node: Node): Call {
  return createCall(node, (value) => wholeView(value.type));
}

/** A node's call with its operands where `view` says. */
export function createCall(
  node: Node,
  view: (value: Value, index: number) => Operand["view"],
  inPlace?: ReadonlySet<number>,
): Call {
  const operand = (value: Value, index: number): Operand => ({ ...value.type, view: view(value, index) });
  const overwrites = node.epilogue.residual && inPlace?.has(node.inputs.length - 1);
  const call = {
    inputs: nonEmpty(node.inputs.map(operand), "inputs"),
    outputs: nonEmpty(node.outputs.map(operand), "outputs"),
    attrs: node.attrs,
    epilogue: overwrites ? { ...node.epilogue, residual: "in place" as const } : node.epilogue,
  };
  return inPlace ? { ...call, inPlace } : call;
}
