// Where every value lies. Values that are never live at the same time share bytes; values that are may share a buffer, at
// different offsets, unless some dispatch reads one of them and writes the other: WebGPU forbids reading and writing one
// buffer in the same dispatch, whatever the ranges, so one arena for everything would not do.
import { nonEmpty } from "../../ops/operator.ts";
import { byteLength } from "../../tensor.ts";
import type { Node, Value } from "../ir/graph.ts";
import { assignSlots, type Block, type Position } from "./assign-slots.ts";
import { liveBlocks, liveBytes } from "./liveness.ts";
import type { Program, Step } from "./lower.ts";
import { type LayoutOptions, MemoryLayout, type Place } from "./memory-layout.ts";

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
  /** Plans of less are taken without copies, which cost a dispatch each. Default: 1 MiB. */
  readonly copyFromBytes?: number;
}

/**
 * A plan of at most this share of what is live is good enough. Others are tried again with copies: a concatenation takes its room
 * when its first part is written; where a part is copied there, the room is taken late, and the part's own is free at once.
 */
const enough = 1.1;

/** Programs of more steps are planned once, and no more plans than this are tried. */
const search = { steps: 1024, plans: 64 };

/** Plans the memory of a program: of two layouts the one that needs less, with copies where both need much more than is live. */
export function planMemory(program: Program, options: PlanOptions = {}): MemoryPlan {
  const kept = planLayout(program, { overwriteResiduals: false }, options);
  const overwritten = planLayout(program, { overwriteResiduals: true }, options);
  const lowerBoundBytes = Math.min(kept.lowerBoundBytes, overwritten.lowerBoundBytes);
  const isEnough = ({ peakBytes }: MemoryPlan) => peakBytes <= enough * lowerBoundBytes;
  let best = overwritten.peakBytes < kept.peakBytes ? overwritten : kept;
  const { copyFromBytes = 2 ** 20 } = options;
  if (program.steps.length > search.steps || best.peakBytes < copyFromBytes) return { ...best, lowerBoundBytes };
  for (const [plan, overwriteResiduals] of [[overwritten, true] as const, [kept, false] as const]) {
    if (isEnough(best)) break;
    const copying = planCopies(
      plan,
      (copied) => planLayout(program, { overwriteResiduals, copied }, options),
      isEnough,
    );
    if (copying.peakBytes < best.peakBytes) best = copying;
  }
  return { ...best, lowerBoundBytes: Math.min(lowerBoundBytes, best.lowerBoundBytes) };
}

/** The plan with copies of the parts, the largest first, that each make it smaller, until it is small enough. */
function planCopies(
  start: MemoryPlan,
  plan: (copied: ReadonlySet<Value>) => MemoryPlan,
  isEnough: (plan: MemoryPlan) => boolean,
): MemoryPlan {
  let best = start;
  let copied: ReadonlySet<Value> = new Set();
  for (const parts of partsInPlace(start).slice(0, search.plans)) {
    if (isEnough(best)) break;
    const more = new Set([...copied, ...parts]);
    const next = plan(more);
    if (next.peakBytes < best.peakBytes) [best, copied] = [next, more];
  }
  return best;
}

/** Parts that lie in their concatenations, the largest first, then all those of a concatenation together. */
function partsInPlace({ inPlace }: MemoryPlan): readonly (readonly Value[])[] {
  const concatenations = [...inPlace].filter(([{ node }]) => isConcatenation(node));
  const together = concatenations.map(([{ node }, inputs]) => [...inputs].map((input) => node.inputs[input]!));
  const bytes = (parts: readonly Value[]) => parts.reduce((sum, { type }) => sum + byteLength(type), 0);
  const largestFirst = (sets: readonly (readonly Value[])[]) => sets.toSorted((a, b) => bytes(b) - bytes(a));
  return [
    ...largestFirst(together.flat().map((part) => [part])),
    ...largestFirst(together.filter((parts) => parts.length > 1)),
  ];
}

/** Not what packs many small tensors on end, so that one dispatch updates them all. */
function isConcatenation({ operator, inputs, attrs }: Node): boolean {
  const types = inputs.map(({ type }) => type);
  return operator.regions?.(nonEmpty(types, "inputs"), attrs)?.layout === "item";
}

function planLayout(
  program: Program,
  choice: LayoutOptions,
  { maxSlotBytes = Number.POSITIVE_INFINITY }: PlanOptions,
): MemoryPlan {
  const layout = new MemoryLayout(program, choice);
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
