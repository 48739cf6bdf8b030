// Packs blocks of memory into as few bytes of buffers as a short search finds. Blocks that are live at different times
// may share bytes; blocks that a dispatch reads and writes at once may not even share a buffer (WebGPU refuses that).
//
// Contract: deterministic; the effort is bounded by a count of comparisons, never by a clock.
// Limits: a heuristic. Without the rule about buffers this is dynamic storage allocation, which is NP-hard already.
import { sweepSlots } from "./sweep-slots.ts";

/** A stretch of a block and the steps from its first to its last use, both included. */
export interface Piece {
  /** In bytes, from the beginning of the block. */
  readonly offset: number;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

/** Memory of one value, and of all that lie in it. */
export interface Block {
  readonly bytes: number;
  /** Steps of the first and the last use of any piece. */
  readonly first: number;
  readonly last: number;
  /** What is in use when; they may overlap. Other blocks may lie where no piece is in use. */
  readonly pieces: readonly Piece[];
  /** Indices of the blocks that must lie in other buffers; symmetric. */
  readonly apart: ReadonlySet<number>;
}

/** Where a block lies. A slot is a buffer. */
export interface Position {
  readonly slot: number;
  /** In bytes, a multiple of {@link slotAlignment}. */
  readonly offset: number;
}

export interface Assignment {
  /** In the order of the blocks. */
  readonly positions: readonly Position[];
  /** Bytes of each slot. */
  readonly slots: readonly number[];
  readonly bytes: number;
}

/** The largest `minStorageBufferOffsetAlignment` that WebGPU allows a device to have. */
const slotAlignment = 256;

/** More blocks than this are swept: orders are not tried, whose time grows with the square of the blocks. */
const mostSearched = 2048;

/** What a search may spend after the simple orders: a few milliseconds. */
const effort = { attempts: 40, comparisons: 50_000 };

interface Slot {
  bytes: number;
  /** The pieces of the blocks in it, offsets from the beginning of the slot, in their order. */
  readonly pieces: Piece[];
}

/** Blocks in the order in which they are placed, and whether a block rather gets a new slot than lies on top of another. */
interface Recipe {
  readonly order: readonly number[];
  readonly spread: boolean;
}

export interface AssignOptions {
  /** The search ends where no assignment can have less. */
  readonly lowerBoundBytes: number;
  /** A slot of several blocks stays within it. */
  readonly maxSlotBytes: number;
}

/** Gives every block a slot and an offset. Tries simple orders first, then changes the best of them at random. */
export function assignSlots(blocks: readonly Block[], options: AssignOptions): Assignment {
  const { lowerBoundBytes: goal, maxSlotBytes } = options;
  if (blocks.length > mostSearched) return sweepSlots(blocks, { maxSlotBytes, alignment: slotAlignment });
  const packer = new Packer(blocks, maxSlotBytes);
  let best: { recipe: Recipe; result: Assignment } | undefined;
  const attempt = (recipe: Recipe) => {
    const result = packer.pack(recipe);
    if (!best || result.bytes <= best.result.bytes) best = { recipe, result };
  };
  for (const order of simpleOrders(blocks)) {
    for (const spread of [true, false]) if (!best || best.result.bytes > goal) attempt({ order, spread });
  }
  const random = createRandom();
  for (let i = 0; i < effort.attempts && packer.comparisons < effort.comparisons; i++) {
    if (best!.result.bytes > goal) attempt(changed(best!.recipe, random));
  }
  return best!.result;
}

function simpleOrders(blocks: readonly Block[]): number[][] {
  const keys: ((block: Block) => number)[] = [
    ({ bytes }) => -bytes,
    ({ bytes, first, last }) => -bytes * (last - first + 1),
    ({ first }) => first,
    ({ last }) => -last,
  ];
  const indices = blocks.map((_, i) => i);
  return keys.map((key) => indices.toSorted((a, b) => key(blocks[a]!) - key(blocks[b]!)));
}

/** One to three blocks go elsewhere in the order, and sometimes the preference changes. */
function changed({ order, spread }: Recipe, random: (below: number) => number): Recipe {
  const next = [...order];
  for (let moves = 1 + random(3); moves > 0; moves--) {
    const [moved] = next.splice(random(next.length), 1);
    next.splice(random(next.length + 1), 0, moved!);
  }
  return { order: next, spread: random(8) === 0 ? !spread : spread };
}

/** Whole numbers from 0, always the same ones: a linear congruential generator (Numerical Recipes). */
function createRandom(): (below: number) => number {
  let state = 1;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

class Packer {
  /** Pairs of blocks that were looked at: a measure of the time spent. */
  comparisons = 0;
  readonly #blocks: readonly Block[];
  readonly #maxSlotBytes: number;
  readonly #apart: readonly (readonly number[])[];
  /** Of each block, in the order of their offsets. */
  readonly #pieces: readonly (readonly Piece[])[];

  constructor(blocks: readonly Block[], maxSlotBytes: number) {
    this.#blocks = blocks;
    this.#maxSlotBytes = maxSlotBytes;
    this.#apart = blocks.map(({ apart }) => [...apart]);
    this.#pieces = blocks.map(({ pieces }) => pieces.toSorted((a, b) => a.offset - b.offset));
  }

  /** Each block, in order, goes where the slots grow least, and there into the tightest gap. */
  pack({ order, spread }: Recipe): Assignment {
    const slots: Slot[] = [];
    const positions: Position[] = new Array(this.#blocks.length);
    for (const index of order) {
      const position = this.#choose(index, { slots, positions, spread });
      positions[index] = position;
      if (position.slot === slots.length) slots.push({ bytes: 0, pieces: [] });
      const slot = slots[position.slot]!;
      const block = this.#blocks[index]!;
      slot.bytes = Math.max(slot.bytes, position.offset + block.bytes);
      const pieces = this.#pieces[index]!.map((piece) => ({ ...piece, offset: position.offset + piece.offset }));
      insert(slot.pieces, pieces);
    }
    const sizes = slots.map((slot) => slot.bytes);
    return { positions, slots: sizes, bytes: sizes.reduce((sum, bytes) => sum + bytes, 0) };
  }

  #choose(
    index: number,
    { slots, positions, spread }: { slots: Slot[]; positions: Position[]; spread: boolean },
  ): Position {
    const { bytes } = this.#blocks[index]!;
    const refused = new Uint8Array(slots.length);
    for (const other of this.#apart[index]!) if (positions[other]) refused[positions[other].slot] = 1;
    this.comparisons += this.#apart[index]!.length;
    let best = { slot: slots.length, offset: 0, growth: bytes, waste: spread ? -1 : Number.POSITIVE_INFINITY };
    for (let i = 0; i < slots.length; i++) {
      if (refused[i]) continue;
      const slot = slots[i]!;
      const { offset, waste } = this.#findGap(index, slot);
      const growth = Math.max(0, offset + bytes - slot.bytes);
      if (growth > 0 && slot.bytes + growth > this.#maxSlotBytes) continue;
      if (growth < best.growth || (growth === best.growth && waste < best.waste)) {
        best = { slot: i, offset, growth, waste };
      }
    }
    return { slot: best.slot, offset: best.offset };
  }

  /** The tightest gap between what is in use during the block's life, or the end of it. */
  #findGap(index: number, slot: Slot): { offset: number; waste: number } {
    const { bytes, first, last } = this.#blocks[index]!;
    this.comparisons += slot.pieces.length;
    let end = 0;
    let best = { offset: -1, waste: Number.POSITIVE_INFINITY };
    for (const piece of slot.pieces) {
      if (piece.last < first || piece.first > last) continue;
      const waste = piece.offset - end - bytes;
      if (waste >= 0 && waste < best.waste) best = { offset: end, waste };
      end = Math.max(end, Math.ceil((piece.offset + piece.bytes) / slotAlignment) * slotAlignment);
    }
    return best.offset >= 0 ? best : { offset: end, waste: Math.max(0, slot.bytes - end - bytes) };
  }
}

/** Merges pieces into others, both in the order of their offsets; at one offset, behind them. */
function insert(pieces: Piece[], added: readonly Piece[]): void {
  let from = pieces.length - 1;
  for (const piece of added) pieces.push(piece);
  let to = pieces.length;
  for (const piece of added.toReversed()) {
    while (from >= 0 && pieces[from]!.offset > piece.offset) pieces[--to] = pieces[from--]!;
    pieces[--to] = piece;
  }
}
