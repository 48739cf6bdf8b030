// From a network with a loss to a step of training, as one graph: the forward pass with batch norm in training mode, the
// gradients of the trained parameters, and the optimizer's update of all of them. Weights, moments and running statistics are
// packed into one state each, so that an update is one dispatch.
import { packedBlock, packedWord } from "../../../shaders/wgsl/packed.ts";
import { UsageError } from "../../errors.ts";
import { differentiate } from "../../graph/ir/differentiate.ts";
import { createNode, type Graph, type Node, prune, type Value } from "../../graph/ir/graph.ts";
import { add, mul } from "../../ops/elementwise/arithmetic.ts";
import { batchNorm } from "../../ops/norm/batch-norm.ts";
import { batchNormTraining } from "../../ops/norm/batch-norm-training.ts";
import type { Operator } from "../../ops/operator.ts";
import { pack, packedLayout, unpack } from "../../ops/optimize/packed.ts";
import { gradientScale, packedSquares, runningUpdate } from "../../ops/optimize/updates.ts";
import { elementCount, type Shape, type Tensor, type TensorData } from "../../tensor.ts";
import type { Optimizer } from "./optimizers.ts";

export interface TrainingGraphOptions {
  readonly optimizer: Optimizer;
  /** Index of the settings' row that a parameter follows, or "frozen". */
  group(parameter: string): number | "frozen";
  readonly groups: number;
  /** Longest gradient, over all parameters together; longer ones are shortened. Default: no limit. */
  readonly clipNorm?: number;
  /** How far running statistics move towards a batch's. Default 0.1. */
  readonly statisticsMomentum?: number;
  /** Gradients as large as this have overflowed. Default: only those that are infinite. */
  readonly overflow?: number;
}

/** Tensors that lie in one state, by name. */
export interface Packing {
  readonly names: readonly string[];
  readonly shapes: readonly Shape[];
}

export interface TrainingGraph {
  /**
   * Inputs: the network's, `settings` [groups, 2] and `lossScale`, a scalar. Outputs: the network's and `gradient` [4], as
   * `gradientScale` gives it.
   */
  readonly graph: Graph;
  /** How many of its nodes, the first ones, are the forward pass. */
  readonly forward: number;
  /** The state `weights`, and each of the optimizer's moments. */
  readonly weights: Packing;
  /** The state `statistics`; empty where there is no batch norm. */
  readonly statistics: Packing;
  /** The state `taken`: how many steps changed the weights. */
  readonly taken: Packing;
}

const taken: Packing = { names: ["taken"], shapes: [[1]] };

/** Statistics of a batch that running ones follow. */
interface Followed {
  readonly running: Value;
  /** Of each application of the batch norm, in their order: more than one where its weights are shared. */
  readonly batches: readonly Value[];
  /** What makes the batch's an unbiased estimate. */
  readonly factor: number;
}

/**
 * `graph` has the scalar output `loss`. A batch norm of which neither weight nor bias is trained keeps its running statistics.
 * Throws UsageError where the loss depends on no trained parameter, or through an operator without gradient.
 */
export function createTrainingGraph(graph: Graph, options: TrainingGraphOptions): TrainingGraph {
  const { optimizer } = options;
  const loss = graph.outputs.get("loss");
  if (!loss || elementCount(loss.type.shape) !== 1) throw new UsageError('training: expected a scalar output "loss"');
  const trained = trainedParameters(graph, options);
  if (trained.length === 0) throw new UsageError("training: the loss depends on no parameter that is to be trained");
  const nodes: Node[] = [];
  const append: Append = (name, operator, inputs, attrs) => {
    const node = createNode(operator as Operator, inputs, attrs, { name });
    nodes.push(node);
    return node.outputs;
  };
  const shapes = trained.map(({ type }) => type.shape);
  const { offsets, elements } = packedLayout(shapes);
  const weights = state("weights", elements);
  const moments = optimizer.moments.map((name) => state(name, elements));
  const replaced = new Map<Value, Value>();
  trained.forEach((parameter, i) => {
    const attrs = { offset: offsets[i]!, shape: shapes[i]! };
    replaced.set(parameter, append(parameter.name, unpack, [weights], attrs)[0]!);
  });

  const followed = appendForward(graph, { nodes, replaced, trained: new Set(trained) });
  const now = (value: Value) => replaced.get(value) ?? value;
  const forward = [...nodes];
  const seed = { value: now(loss), gradient: input("lossScale", loss.type.shape) };
  const gradients = differentiate(forward, [seed], trained.map(now), (node) => {
    nodes.push(node);
    return node.outputs;
  });
  const unreached = gradients.indexOf(undefined);
  if (unreached >= 0) throw new UsageError(`training: the loss does not depend on ${trained[unreached]!.name}`);

  const packed = append("gradients", pack, gradients as readonly Value[], {})[0]!;
  const groupOf = (i: number) => options.group(trained[i]!.name) as number;
  const blocks = blockTable("weights:blocks", shapes, groupOf);
  const squares = append("gradients:squares", packedSquares, [packed, blocks], { most: options.overflow })[0]!;
  const steps = state("taken", packedLayout(taken.shapes).elements);
  const scale = append("gradient", gradientScale, [steps, squares, seed.gradient], { limit: options.clipNorm })[1]!;
  const settings = input("settings", [options.groups, 2]);
  const update = [weights, ...moments, packed, blocks, settings, scale];
  append(optimizer.name, optimizer.operator, update, optimizer.attrs);
  const momentum = options.statisticsMomentum ?? 0.1;
  if (followed.length > 0) {
    const layout = packedLayout(followed.map(({ running }) => running.type.shape));
    const running = state("statistics", layout.elements);
    const batch = followed.map((one, i) => {
      const shape = one.running.type.shape;
      const before = () => append(one.running.name, unpack, [running], { offset: layout.offsets[i]!, shape })[0]!;
      return one.batches.length === 1 ? one.batches[0]! : severalBatches(one, before(), momentum, append);
    });
    const packedBatch = append("statistics:batch", pack, batch, {})[0]!;
    const [table, factors] = factorTables(followed);
    append("statistics:update", runningUpdate, [running, packedBatch, table, factors], { momentum });
  }

  const outputs = new Map([...graph.outputs].map(([name, value]) => [name, now(value)]));
  outputs.set("gradient", scale);
  return {
    graph: {
      inputs: [...graph.inputs, settings, seed.gradient],
      parameters: graph.parameters.filter((parameter) => !replaced.has(parameter)),
      nodes,
      outputs,
    },
    forward: forward.length,
    weights: { names: trained.map(({ name }) => name), shapes },
    statistics: {
      names: followed.map(({ running }) => running.name),
      shapes: followed.map(({ running }) => running.type.shape),
    },
    taken,
  };
}

/** The network as a step computes it, on parameters instead of states: batch norm of trained weights is in training mode. */
export function forwardGraph(graph: Graph, options: Pick<TrainingGraphOptions, "group">): Graph {
  const nodes: Node[] = [];
  const replaced = new Map<Value, Value>();
  appendForward(graph, { nodes, replaced, trained: new Set(trainedParameters(graph, options)) });
  const outputs = new Map([...graph.outputs].map(([name, value]) => [name, replaced.get(value) ?? value]));
  return prune({ ...graph, nodes, outputs });
}

/** Parameters that some node reads otherwise than as statistics, and that are not frozen. */
function trainedParameters(graph: Graph, { group }: Pick<TrainingGraphOptions, "group">): readonly Value[] {
  const read = new Set<Value>();
  for (const { operator, inputs } of graph.nodes) {
    for (const value of operator === (batchNorm as Operator) ? inputs.slice(0, 3) : inputs) read.add(value);
  }
  return graph.parameters.filter((parameter) => read.has(parameter) && group(parameter.name) !== "frozen");
}

interface Forward {
  readonly nodes: Node[];
  /** What stands for each value of the network; extended by the nodes' outputs. */
  readonly replaced: Map<Value, Value>;
  readonly trained: ReadonlySet<Value>;
}

/** Appends the network's nodes, batch norm in training mode. Returns the statistics that running ones follow. */
function appendForward(graph: Graph, { nodes, replaced, trained }: Forward): readonly Followed[] {
  const followed: Followed[] = [];
  for (const { operator, name, inputs, attrs, outputs, epilogue } of graph.nodes) {
    const now = inputs.map((input) => replaced.get(input) ?? input);
    const isNorm = operator === (batchNorm as Operator) && inputs.slice(1, 3).some((input) => trained.has(input));
    const outputNames = isNorm ? [outputs[0]!.name] : outputs.map((output) => output.name);
    const node = isNorm
      ? createNode(batchNormTraining as Operator, now.slice(0, 3), attrs, { name, outputNames })
      : createNode(operator, now, attrs, { name, epilogue, outputNames });
    nodes.push(node);
    outputs.forEach((output, i) => {
      replaced.set(output, node.outputs[i]!);
    });
    if (isNorm) followed.push(...statisticsOf(node, inputs));
  }
  const byRunning = new Map<Value, Followed>();
  for (const one of followed) {
    const before = byRunning.get(one.running)?.batches ?? [];
    byRunning.set(one.running, { ...one, batches: [...before, ...one.batches] });
  }
  return [...byRunning.values()];
}

function statisticsOf({ outputs: [y, mean, variance] }: Node, [, , , ...running]: readonly Value[]): Followed[] {
  const count = elementCount(y!.type.shape) / y!.type.shape[1]!;
  return [
    { running: running[0]!, batches: [mean!], factor: 1 },
    { running: running[1]!, batches: [variance!], factor: count / (count - 1) },
  ];
}

type Append = <A extends object>(
  name: string,
  operator: Operator<A>,
  inputs: readonly Value[],
  attrs: A,
) => readonly Value[];

/**
 * The one batch s whose update does what an update at each application does, as PyTorch's: with r before and keep = 1 - momentum,
 * keep r + momentum factor s = keep^k r + momentum factor sum_i keep^(k - i) batch_i.
 */
function severalBatches({ running, batches, factor }: Followed, r: Value, momentum: number, append: Append): Value {
  const keep = 1 - momentum;
  const scaled = (value: Value, by: number) =>
    by === 1
      ? value
      : append(`${running.name}:scaled`, mul, [value, constant(String(by), Float32Array.of(by))], {})[0]!;
  const weight = momentum === 0 ? 0 : (keep ** batches.length - keep) / (momentum * factor);
  const terms = batches.map((batch, i) => scaled(batch, keep ** (batches.length - 1 - i)));
  return terms.reduce((sum, term) => append(`${running.name}:sum`, add, [sum, term], {})[0]!, scaled(r, weight));
}

function state(name: string, elements: number): Value {
  return { name, type: { shape: [elements], dtype: "f32" }, kind: "state" };
}

function input(name: string, shape: Shape): Value {
  return { name, type: { shape, dtype: "f32" }, kind: "input" };
}

function constant(name: string, data: Uint32Array | Float32Array): Value {
  const dtype = data instanceof Uint32Array ? "u32" : "f32";
  return { name, type: { shape: [data.length], dtype }, kind: "constant", data };
}

/** Each block's word, as the kernels of optimizers read it. */
function blockTable(name: string, shapes: readonly Shape[], groupOf: (tensor: number) => number): Value {
  const words = shapes.flatMap((shape, tensor) => {
    const elements = elementCount(shape);
    return Array.from({ length: Math.ceil(elements / packedBlock) }, (_, block) =>
      packedWord(Math.min(packedBlock, elements - block * packedBlock), groupOf(tensor)),
    );
  });
  return constant(name, Uint32Array.from(words));
}

/** The blocks of the statistics, and the factor of each of their groups. */
function factorTables(followed: readonly Followed[]): readonly [blocks: Value, factors: Value] {
  const factors = [...new Set(followed.map(({ factor }) => factor))];
  const shapes = followed.map(({ running }) => running.type.shape);
  const blocks = blockTable("statistics:blocks", shapes, (tensor) => factors.indexOf(followed[tensor]!.factor));
  return [blocks, constant("statistics:factors", Float32Array.from(factors))];
}

/** Lays tensors as a state holds them; the gaps are 0. */
export async function packTensors(
  { names, shapes }: Packing,
  tensor: (name: string) => Promise<TensorData>,
): Promise<Float32Array> {
  const { offsets, elements } = packedLayout(shapes);
  const packed = new Float32Array(elements);
  for (const [i, name] of names.entries()) {
    const data = await tensor(name);
    if (!(data instanceof Float32Array) || data.length !== elementCount(shapes[i]!))
      throw new UsageError(`parameter ${name}: expected ${elementCount(shapes[i]!)} values in a Float32Array`);
    packed.set(data, offsets[i]!);
  }
  return packed;
}

/** What {@link packTensors} laid, by name. */
export function unpackTensors({ names, shapes }: Packing, packed: Float32Array): Map<string, Tensor> {
  const { offsets } = packedLayout(shapes);
  return new Map(
    names.map((name, i) => {
      const [shape, offset] = [shapes[i]!, offsets[i]!];
      return [name, { shape, data: packed.slice(offset, offset + elementCount(shape)) }];
    }),
  );
}
