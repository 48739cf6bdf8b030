// What a graph consists of and what it takes to run: layers, parameters, multiply-adds, memory. Needs no GPU.

import type { Graph, Node, Value } from "../graph/ir/graph.ts";
import { decompose } from "../graph/passes/decompose.ts";
import { optimize } from "../graph/passes/optimize.ts";
import { choose } from "../graph/plan/choose.ts";
import { lower, wholeCall } from "../graph/plan/lower.ts";
import { planMemory } from "../graph/plan/memory-plan.ts";
import type { DeviceTraits } from "../ops/device-traits.ts";
import { byteLength, elementCount, type Shape } from "../tensor.ts";

export interface LayerReport {
  /** The module that holds the weight, as PyTorch names it; the node's name where there is none. */
  readonly name: string;
  /** The operator with what was fused into it, as `conv2d + bias + relu`. */
  readonly operator: string;
  /** The kernel or decomposition that computes it; undefined where the memory plan left nothing to do. */
  readonly kernel: string | undefined;
  readonly outputShape: Shape;
  /** Trained elements: weights, biases and batch norm's scales and shifts, also where they are folded in. */
  readonly parameters: number;
  /** Multiply-adds of convolutions and matrix products. */
  readonly macs: number;
}

/** What a graph holds and computes, layer by layer. Memory is in bytes. */
export interface GraphReport {
  readonly layers: readonly LayerReport[];
  /** Trained elements; a tensor that several layers share counts once. */
  readonly parameters: number;
  /** Elements of batch norm's running statistics: stored, not trained. */
  readonly statistics: number;
  readonly macs: number;
  readonly memory: {
    /** Buffers for inputs, outputs and everything between. */
    readonly activationBytes: number;
    /** The most that is live at one step. */
    readonly lowerBoundBytes: number;
    /** What the same values would take with a buffer each. */
    readonly unplannedBytes: number;
    /** Weights as they are stored on the GPU. */
    readonly parameterBytes: number;
  };
}

/** A device with WebGPU's default limits: what a plan assumes where no GPU was asked. */
export const defaultTraits: DeviceTraits = {
  kind: "hardware",
  maxWorkgroupInvocations: 256,
  maxWorkgroupStorageBytes: 16384,
  maxWorkgroupsPerDimension: 65535,
  maxBufferBytes: 2 ** 27,
};

/** Plans a graph as `compile` would and reports each step. */
export function inspectGraph(graph: Graph, device: DeviceTraits = defaultTraits): GraphReport {
  const optimized = optimize(graph);
  const { once, run } = lower(decompose(optimized, device), device);
  const memory = planMemory(run);
  const elided = new Set([...memory.elided].map((step) => step.node.name));
  const sources = new Map<Value, readonly Value[]>();
  for (const { node } of once.steps) {
    const parameters = parametersOf(node.inputs, sources);
    for (const output of node.outputs) sources.set(output, parameters);
  }

  const names = new Set(run.steps.map(({ node }) => node.name));
  const layers = optimized.nodes
    .filter(({ name }) => names.has(name))
    .map((node) => {
      const trained = parametersOf(node.inputs, sources).filter((value) => !isStatistic(value));
      return {
        name: moduleOf(trained[0]) ?? node.name,
        operator: describe(node),
        kernel: elided.has(node.name) ? undefined : choose(node, wholeCall(node), device).name,
        outputShape: node.outputs[0]!.type.shape,
        parameters: countElements(trained),
        macs: countMacs(node),
      };
    });
  const hasSlot = (value: Value) => memory.blocks.has(memory.places.get(value)?.owner ?? value);
  const lasting = new Set(run.steps.flatMap((step) => step.operands).filter((value) => !hasSlot(value)));
  const values = [...graph.inputs, ...run.steps.flatMap((step) => step.node.outputs)];
  return {
    layers,
    parameters: countElements(graph.parameters.filter((value) => !isStatistic(value))),
    statistics: countElements(graph.parameters.filter(isStatistic)),
    macs: layers.reduce((sum, layer) => sum + layer.macs, 0),
    memory: {
      activationBytes: memory.peakBytes,
      lowerBoundBytes: memory.lowerBoundBytes,
      unplannedBytes: values.reduce((sum, value) => sum + byteLength(value.type), 0),
      parameterBytes: [...lasting].reduce((sum, value) => sum + byteLength(value.type), 0),
    },
  };
}

/** The parameters that a step's inputs are, or were computed from before the first run: `sources` has those of computed ones. */
function parametersOf(inputs: readonly Value[], sources: ReadonlyMap<Value, readonly Value[]>): readonly Value[] {
  const lists = new Set<readonly Value[]>();
  for (const input of inputs) {
    const list = input.kind === "parameter" ? [input] : sources.get(input);
    if (list) lists.add(list);
  }
  // One list stays one: a long chain of weights shares it.
  const [only, ...others] = lists;
  return others.length === 0 ? (only ?? []) : [...new Set([...lists].flat())];
}

/** Exporters to ONNX give some weights names of no module, as `onnx::Conv_19`. */
function moduleOf(parameter: Value | undefined): string | undefined {
  return parameter?.name.includes(".") ? parameter.name.replace(/\.[^.]*$/, "") : undefined;
}

/** By PyTorch's names: the buffers of `nn.BatchNorm2d`. */
function isStatistic({ name }: Value): boolean {
  return /\.running_(mean|var)$/.test(name);
}

function countElements(values: readonly Value[]): number {
  return values.reduce((sum, { type }) => sum + elementCount(type.shape), 0);
}

/** Operators that are linear in a weight do one multiply-add for each two floating-point operations. */
function countMacs(node: Node): number {
  if (!node.operator.channelScale) return 0;
  return node.operator.cost(wholeCall(node)).flop / 2;
}

function describe({ operator, epilogue }: Node): string {
  const { bias, residual, activation } = epilogue;
  const fused = [bias ? "bias" : "", residual ? "add" : "", activation.kind === "none" ? "" : activation.kind];
  return [operator.name, ...fused.filter(Boolean)].join(" + ");
}
