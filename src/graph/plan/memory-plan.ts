// Where every value lies. Values that are never live at the same time share bytes; values that are may share a buffer, at
// different offsets, unless some dispatch reads one of them and writes the other: WebGPU forbids reading and writing one
// buffer in the same dispatch, whatever the ranges, so one arena for everything would not do.
import type { View } from "../../ops/view.ts";
import type { Value } from "../ir/graph.ts";
import { assignSlots } from "./assign-slots.ts";
import { liveBlocks, liveBytes } from "./liveness.ts";
import type { Step } from "./lower.ts";
import { MemoryLayout } from "./memory-layout.ts";

/** Memory that one value, or several views of it, occupy. */
export interface Storage {
  readonly bytes: number;
  /** Index of the step that writes first; -1 for what is there before the first step. */
  readonly first: number;
  /** Index of the step that reads last; the number of steps for what outlives them. */
  readonly last: number;
  readonly slot: number;
  /** Bytes from the beginning of the slot; a binding may begin there. */
  readonly offset: number;
}

export interface Placement {
  readonly storage: Storage;
  /** What is bound of the storage: bytes from its beginning, and how many. */
  readonly start: number;
  readonly bytes: number;
  /** Inside the binding. */
  readonly view: View;
}

/** A part of a state's own buffer, or all of it. */
export interface StatePlace {
  readonly state: Value;
  /** Bytes from the beginning of the buffer. */
  readonly start: number;
}

export interface MemoryPlan {
  /** Placements of the section's inputs and computed values; fixed values and states have buffers of their own. */
  readonly placements: ReadonlyMap<Value, Placement>;
  /** Values that lie in the buffers of states. */
  readonly inStates: ReadonlyMap<Value, StatePlace>;
  /** Bytes of each slot, which is a buffer. */
  readonly slots: readonly number[];
  /** Steps that have nothing left to do. */
  readonly elided: ReadonlySet<Step>;
  /** Inputs of a step that are in place already: parts of a concatenation, and residuals that the output overwrites. */
  readonly inPlace: ReadonlyMap<Step, ReadonlySet<number>>;
  readonly peakBytes: number;
  /** The most bytes live at any one step: no plan needs less. */
  readonly lowerBoundBytes: number;
}

export interface PlanOptions {
  /** A slot of several values stays within it. Default: no limit. */
  readonly maxSlotBytes?: number;
}

/** Plans one section of a graph: `inputs` are written before it, `outputs` are read after it. */
export function planMemory(
  steps: readonly Step[],
  inputs: readonly Value[],
  outputs: readonly Value[],
  options: PlanOptions = {},
): MemoryPlan {
  const section = { steps, inputs, outputs };
  const kept = planLayout(new MemoryLayout(section, { overwriteResiduals: false }), options);
  const overwritten = planLayout(new MemoryLayout(section, { overwriteResiduals: true }), options);
  const lowerBoundBytes = Math.min(kept.lowerBoundBytes, overwritten.lowerBoundBytes);
  return { ...(overwritten.peakBytes < kept.peakBytes ? overwritten : kept), lowerBoundBytes };
}

function planLayout(layout: MemoryLayout, { maxSlotBytes = Number.POSITIVE_INFINITY }: PlanOptions): MemoryPlan {
  const blocks = liveBlocks(layout);
  const lowerBoundBytes = liveBytes(layout);
  const assigned = assignSlots([...blocks.values()], { lowerBoundBytes, maxSlotBytes });
  const storages = new Map<Value, Storage>(
    [...blocks].map(([owner, { bytes, first, last }], i) => [owner, { bytes, first, last, ...assigned.places[i]! }]),
  );
  const placements = new Map<Value, Placement>();
  const inStates = new Map<Value, StatePlace>();
  for (const [value, { owner, start, bytes, view }] of layout.places) {
    if (owner.kind === "state") inStates.set(value, { state: owner, start });
    else placements.set(value, { storage: storages.get(owner)!, start, bytes, view });
  }
  return {
    placements,
    inStates,
    slots: assigned.slots,
    elided: layout.elided,
    inPlace: layout.inPlace,
    peakBytes: assigned.bytes,
    lowerBoundBytes,
  };
}
