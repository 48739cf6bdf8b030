// Where every value lies. Values that are never live at the same time share bytes; values that are may share a buffer, at
// different offsets, unless some dispatch reads one of them and writes the other: WebGPU forbids reading and writing one
// buffer in the same dispatch, whatever the ranges, so one arena for everything would not do.
import type { Value } from "../ir/graph.ts";
import { assignSlots, type Block, type Position } from "./assign-slots.ts";
import { liveBlocks, liveBytes } from "./liveness.ts";
import type { Program, Step } from "./lower.ts";
import { MemoryLayout, type Place } from "./memory-layout.ts";

export interface MemoryPlan {
  /** Of the program's inputs and computed values, and of states. */
  readonly places: ReadonlyMap<Value, Place>;
  /** By owner; a state has none, but a buffer of its own. */
  readonly blocks: ReadonlyMap<Value, Block & Position>;
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
  /** A slot of several blocks stays within it. Default: no limit. */
  readonly maxSlotBytes?: number;
}

/** Plans the memory of a program: of two layouts the one that needs less. */
export function planMemory(program: Program, options: PlanOptions = {}): MemoryPlan {
  const kept = planLayout(new MemoryLayout(program, { overwriteResiduals: false }), options);
  const overwritten = planLayout(new MemoryLayout(program, { overwriteResiduals: true }), options);
  const lowerBoundBytes = Math.min(kept.lowerBoundBytes, overwritten.lowerBoundBytes);
  return { ...(overwritten.peakBytes < kept.peakBytes ? overwritten : kept), lowerBoundBytes };
}

function planLayout(layout: MemoryLayout, { maxSlotBytes = Number.POSITIVE_INFINITY }: PlanOptions): MemoryPlan {
  const blocks = liveBlocks(layout);
  const lowerBoundBytes = liveBytes(layout);
  const { positions, slots, bytes } = assignSlots([...blocks.values()], { lowerBoundBytes, maxSlotBytes });
  return {
    places: layout.places,
    blocks: new Map([...blocks].map(([owner, block], i) => [owner, { ...block, ...positions[i]! }])),
    slots,
    elided: layout.elided,
    inPlace: layout.inPlace,
    peakBytes: bytes,
    lowerBoundBytes,
  };
}
