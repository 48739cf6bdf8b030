// A graph for an engine that has no graph passes of its own: batch norm is folded into weights on the host, once, as engines
// that load models do, and bias, residual and activation belong to the convolution before them.
import type { Graph, Node, Value } from "../../src/graph/ir/graph.ts";
import { foldBatchNorm } from "../../src/graph/passes/fold-batch-norm.ts";
import { fuseEpilogues } from "../../src/graph/passes/fuse-epilogues.ts";
import { type FoldBatchNormAttributes, foldBatchNorm as fold } from "../../src/ops/norm/fold-batch-norm.ts";
import { resolveAxis } from "../../src/ops/walk/axes.ts";
import { elementCount } from "../../src/tensor.ts";
import { endsOf } from "../contenders.ts";
import { unsupported } from "./unsupported.ts";

export interface PreparedGraph {
  readonly image: Value;
  readonly output: Value;
  /** What is left to compute for each image, in order. */
  readonly nodes: readonly Node[];
  /** Parameters, constants and folded weights, row-major in PyTorch's layout. */
  readonly fixed: ReadonlyMap<Value, Float32Array>;
}

/** Throws Error naming the operator where something fixed stands in the place of an activation. */
export async function prepareGraph(
  peer: string,
  graph: Graph,
  parameter: (name: string) => Promise<Float32Array>,
): Promise<PreparedGraph> {
  const fused = fuseEpilogues(foldBatchNorm(graph));
  const { image } = endsOf(graph);
  const [output] = fused.outputs.values();
  const fixed = new Map<Value, Float32Array>();
  for (const value of fused.parameters) fixed.set(value, await parameter(value.name));
  for (const value of fused.nodes.flatMap((node) => node.inputs)) {
    if (value.data instanceof Float32Array) fixed.set(value, value.data);
  }
  const nodes = fused.nodes.filter((node) => {
    if (node.operator.name === fold.name) {
      foldOnHost(node, fixed);
      return false;
    }
    const activations = takesWeights.has(node.operator.name) ? node.inputs.slice(0, 1) : node.inputs;
    const odd = activations.find((value) => fixed.has(value));
    if (odd) throw unsupported(peer, node, `of the fixed ${odd.name}`);
    return true;
  });
  return { image, output: output!, nodes, fixed };
}

const takesWeights: ReadonlySet<string> = new Set([
  "conv2d",
  "conv3d",
  "convTranspose2d",
  "convTranspose3d",
  "batchNorm",
]);

/** See `foldBatchNorm` of src/ops; in float64. */
function foldOnHost({ inputs, outputs, attrs }: Node, fixed: Map<Value, Float32Array>): void {
  const { eps, axis, bias: hasBias } = attrs as FoldBatchNormAttributes;
  const arrays = inputs.map((value) => fixed.get(value)!);
  const [weight, ...vectors] = arrays as [Float32Array, ...Float32Array[]];
  const [gamma, beta, mean, variance] = vectors.slice(-4) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const bias = hasBias ? vectors[0] : undefined;
  const scale = Array.from(gamma, (value, c) => value / Math.sqrt(variance[c]! + eps));
  const { shape } = inputs[0]!.type;
  const inner = elementCount(shape.slice(resolveAxis(fold.name, axis, shape) + 1));
  const newWeight = weight.map((value, i) => value * scale[Math.floor(i / inner) % scale.length]!);
  const newBias = beta.map((value, c) => value + ((bias?.[c] ?? 0) - mean[c]!) * scale[c]!);
  fixed.set(outputs[0]!, newWeight).set(outputs[1]!, newBias);
}
