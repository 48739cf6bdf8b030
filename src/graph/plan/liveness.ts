// When the memory of a program's values is in use, and how much of it at once.
import { byteLength, elementBytes, elementCount } from "../../tensor.ts";
import type { Value } from "../ir/graph.ts";
import type { Block, Piece } from "./assign-slots.ts";
import type { Step } from "./lower.ts";
import type { MemoryLayout } from "./memory-layout.ts";

type MutableBlock = Block & { last: number; readonly pieces: Piece[]; readonly apart: Set<number> };

/** The blocks that are needed, when, and which of them may not share a slot; by owner. */
export function liveBlocks(layout: MemoryLayout): ReadonlyMap<Value, Block> {
  const { steps, inputs, outputs, places } = layout;
  const blocks = new Map<Value, MutableBlock>();
  const live = (value: Value, step: number) => {
    const owner = places.get(value)?.owner;
    if (!owner || owner.kind === "state") return;
    const known = blocks.get(owner);
    if (known) known.last = step;
    else {
      blocks.set(owner, { bytes: byteLength(owner.type), first: step, last: step, pieces: [], apart: new Set() });
    }
  };
  for (const input of inputs) live(input, -1);
  steps.forEach((step, index) => {
    for (const value of [...step.operands, ...step.node.outputs]) live(value, index);
  });
  for (const output of outputs) live(output, steps.length);
  addPieces(layout, blocks);
  keepApart(layout, blocks);
  return blocks;
}

/** A value of more items is one piece, with what lies between them: other blocks do not go there. */
const mostPieces = 256;

/** Values are in use from their own first step on, and then as long as anything in their block. */
function addPieces({ steps, inputs, places }: MemoryLayout, blocks: ReadonlyMap<Value, MutableBlock>): void {
  const add = (value: Value, first: number) => {
    const { owner, start, view } = places.get(value)!;
    if (owner.kind === "state") return;
    const { pieces, last } = blocks.get(owner)!;
    const [items = 1] = value.type.shape;
    const size = elementBytes(value.type.dtype);
    const bytes = (elementCount(value.type.shape) * size) / items;
    const isDense = view.batchStride * size === bytes;
    if (items > mostPieces) {
      const span = (items - 1) * view.batchStride * size + bytes;
      pieces.push({ offset: start + size * view.offset, bytes: span, first, last });
      return;
    }
    for (let item = 0; item < (isDense ? 1 : items); item++) {
      const offset = start + size * (view.offset + item * view.batchStride);
      pieces.push({ offset, bytes: isDense ? bytes * items : bytes, first, last });
    }
  };
  for (const input of inputs) add(input, -1);
  steps.forEach((step, index) => {
    for (const output of step.node.outputs) add(output, index);
  });
}

/** What a dispatch writes may not be in the buffer of what it reads. */
function keepApart({ steps, places, elided, inPlace }: MemoryLayout, blocks: ReadonlyMap<Value, MutableBlock>): void {
  const indices = new Map([...blocks.keys()].map((owner, index) => [owner, index]));
  /** Owners of what a step binds to read. */
  const read = (step: Step) =>
    step.operands.flatMap((value, input) => {
      const owner = places.get(value)?.owner;
      return owner && !inPlace.get(step)?.has(input) ? [owner] : [];
    });
  for (const step of steps) {
    if (elided.has(step)) continue;
    const written = step.node.outputs.map((value) => places.get(value)!.owner);
    // A dispatch may write several places of one buffer, but none that overlap. An output that is bound with gaps between its
    // elements overlaps with what lies there.
    const hasGaps = step.node.outputs.some((value) => places.get(value)!.bytes !== byteLength(value.type));
    for (const one of written) {
      for (const other of [...(hasGaps ? written : []), ...read(step)]) {
        if (one === other || one.kind === "state" || other.kind === "state") continue;
        blocks.get(one)!.apart.add(indices.get(other)!);
        blocks.get(other)!.apart.add(indices.get(one)!);
      }
    }
  }
}

/**
 * Bytes of the elements that are live at the worst step, which no plan with this order of steps can do without. Elements
 * count once in however many values they are; room that a concatenation keeps for parts yet to come does not count.
 */
export function liveBytes({ steps, inputs, outputs, places, elided, inPlace }: MemoryLayout): number {
  const end = steps.length;
  const lastUse = new Map<Value, number>(outputs.map((value) => [value, end]));
  const use = (value: Value, step: number) => lastUse.set(value, Math.max(step, lastUse.get(value) ?? -1));
  const changes = new Array<number>(end + 3).fill(0);
  const count = (bytes: number, first: number, last: number) => {
    changes[first + 1]! += bytes;
    changes[last + 2]! -= bytes;
  };
  const inState = (value: Value) => places.get(value)?.owner.kind === "state";
  steps.toReversed().forEach((step, fromEnd) => {
    const index = end - 1 - fromEnd;
    const { outputs, operator } = step.node;
    const placed = inPlace.get(step);
    for (const output of outputs) use(output, index);
    let own = outputs.reduce((sum, value) => sum + (inState(value) ? 0 : byteLength(value.type)), 0);
    step.operands.forEach((value, input) => {
      const isPart = elided.has(step) || (operator.regions !== undefined && placed?.has(input));
      if (isPart) {
        use(value, lastUse.get(outputs[0]!)!);
        own = operator.alias ? 0 : own - byteLength(value.type);
      } else use(value, placed?.has(input) ? index - 1 : index);
    });
    count(own, index, lastUse.get(outputs[0]!)!);
  });
  for (const input of inputs) count(byteLength(input.type), -1, lastUse.get(input) ?? -1);
  let [live, most] = [0, 0];
  for (const change of changes) {
    live += change;
    most = Math.max(most, live);
  }
  return most;
}
