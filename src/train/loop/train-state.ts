// What training keeps from step to step: the states of its graph as tensors by name, and back.
import { UsageError } from "../../errors.ts";
import type { CompiledGraph } from "../../graph/run/compiled-graph.ts";
import type { Tensor, TensorData } from "../../tensor.ts";
import type { Optimizer } from "./optimizers.ts";
import { type Packing, packTensors, type TrainingGraph, unpackTensors } from "./training-graph.ts";

/** What a checkpoint holds. */
export interface TrainState {
  /** Steps, skipped ones too; `steps:taken` among the tensors are those that changed weights. */
  readonly step: number;
  /** Parameters, frozen ones too, and running statistics by their names, the optimizer's moments as `velocity:conv1.weight`. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/** A state of the graph: how tensors are packed in it, and what stands before their names in a checkpoint. */
export interface PackedState {
  readonly name: string;
  readonly packing: Packing;
  readonly prefix: string;
}

/** Parameters and running statistics, then the optimizer's moments and how many steps it has taken. */
export function packedStates(
  { weights, statistics, taken }: TrainingGraph,
  { moments }: Optimizer,
): readonly PackedState[] {
  const running = { name: "statistics", packing: statistics, prefix: "" };
  const isEmpty = statistics.names.length === 0;
  return [
    { name: "weights", packing: weights, prefix: "" },
    ...(isEmpty ? [] : [running]),
    ...moments.map((name) => ({ name, packing: weights, prefix: `${name}:` })),
    { name: "taken", packing: taken, prefix: "steps:" },
  ];
}

export async function readStates(
  compiled: CompiledGraph,
  states: readonly PackedState[],
): Promise<ReadonlyMap<string, Tensor>> {
  const tensors = new Map<string, Tensor>();
  // Asked for at once, so that no step comes between them.
  const packed = await Promise.all(states.map(({ name }) => compiled.readState(name)));
  states.forEach(({ packing, prefix }, i) => {
    const { data } = packed[i]!;
    for (const [own, tensor] of unpackTensors(packing, data as Float32Array)) tensors.set(prefix + own, tensor);
  });
  return tensors;
}

/** Throws UsageError where a tensor is missing or does not fit; then no state has changed. */
export async function writeStates(
  compiled: CompiledGraph,
  states: readonly PackedState[],
  tensors: TrainState["tensors"],
): Promise<void> {
  const packed = await Promise.all(
    states.map(({ packing, prefix }) => packTensors(packing, async (own) => savedData(tensors, prefix + own))),
  );
  await Promise.all(packed.map((data, i) => compiled.writeState(states[i]!.name, { shape: [data.length], data })));
}

/** Throws UsageError where there is none of that name. */
export function savedData(tensors: TrainState["tensors"], name: string): TensorData {
  const tensor = tensors.get(name);
  if (tensor) return tensor.data;
  throw new UsageError(`training state: ${name} is missing`);
}
