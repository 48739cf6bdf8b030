// Packs the blocks of very large programs in one sweep over the steps: each block, in the order of first uses, goes into what
// ended blocks left, as an allocator would place it. Time grows with the blocks and the pairs that must lie apart.
//
// Contract: deterministic; in a slot, a block is taken from its first to its last use, whatever its pieces.
// Limits: nothing is tried twice, so it may need more than the search of `assignSlots` finds.
import type { Assignment, AssignOptions, Block, Position } from "./assign-slots.ts";

/** How many gaps of about the right size, and how many of the newest slots, a block looks at. */
const reach = { gaps: 16, slots: 16 };

/** A stretch of a slot: taken, or free between its neighbours. */
interface Region {
  offset: number;
  bytes: number;
  isFree: boolean;
  before: Region | undefined;
  after: Region | undefined;
}

/** Where a block would go. */
interface Fit {
  readonly slot: number;
  /** Free; undefined: behind everything. */
  readonly gap: Region | undefined;
  readonly growth: number;
  readonly waste: number;
}

/** As `assignSlots`; every offset is a multiple of `alignment`. */
export function sweepSlots(
  blocks: readonly Block[],
  { maxSlotBytes, alignment }: Omit<AssignOptions, "lowerBoundBytes"> & { readonly alignment: number },
): Assignment {
  const slots: Slot[] = [];
  const positions: Position[] = new Array(blocks.length);
  const regions: Region[] = new Array(blocks.length);
  const indices = blocks.map((_, i) => i);
  const ends = indices.toSorted((a, b) => blocks[a]!.last - blocks[b]!.last);
  let ended = 0;
  for (const index of indices.toSorted((a, b) => blocks[a]!.first - blocks[b]!.first)) {
    const block = blocks[index]!;
    for (; blocks[ends[ended]!]!.last < block.first; ended++) {
      slots[positions[ends[ended]!]!.slot]!.give(regions[ends[ended]!]!);
    }
    const bytes = Math.ceil(block.bytes / alignment) * alignment;
    const refused = new Set<number>();
    for (const other of block.apart) if (positions[other]) refused.add(positions[other].slot);
    const fit = bestFit(slots, bytes, refused, maxSlotBytes);
    if (fit.slot === slots.length) slots.push(new Slot());
    const slot = slots[fit.slot]!;
    const region = slot.take(fit.gap, bytes);
    slot.bytes = Math.max(slot.bytes, region.offset + block.bytes);
    regions[index] = region;
    positions[index] = { slot: fit.slot, offset: region.offset };
  }
  const sizes = slots.map((slot) => slot.bytes);
  return { positions, slots: sizes, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** Of the newest slots that may be used, where they grow least, and there the tightest gap; or a new slot. */
function bestFit(slots: readonly Slot[], bytes: number, refused: ReadonlySet<number>, maxSlotBytes: number): Fit {
  let best: Fit = { slot: slots.length, gap: undefined, growth: bytes, waste: Number.POSITIVE_INFINITY };
  let looked = 0;
  for (let i = slots.length - 1; i >= 0 && looked < reach.slots; i--) {
    if (refused.has(i)) continue;
    looked++;
    const slot = slots[i]!;
    const gap = slot.find(bytes);
    const growth = gap ? 0 : bytes - slot.room;
    if (slot.end + growth > maxSlotBytes) continue;
    const waste = gap ? gap.bytes - bytes : 0;
    if (growth < best.growth || (growth === best.growth && waste < best.waste)) best = { slot: i, gap, growth, waste };
  }
  return best;
}

class Slot {
  /** With the last block's own size. */
  bytes = 0;
  #last: Region | undefined;
  /** Free regions by the logarithm of their size. */
  readonly #free = new Map<number, Set<Region>>();

  get end(): number {
    return this.#last ? this.#last.offset + this.#last.bytes : 0;
  }

  /** Free bytes at its end. */
  get room(): number {
    return this.#last?.isFree ? this.#last.bytes : 0;
  }

  /** The tightest of some gaps of about this size, else one of the next larger. */
  find(bytes: number): Region | undefined {
    let best: Region | undefined;
    let looked = 0;
    for (const gap of this.#free.get(sizeClass(bytes)) ?? []) {
      if (gap.bytes >= bytes && (!best || gap.bytes < best.bytes)) best = gap;
      if (best?.bytes === bytes || ++looked === reach.gaps) break;
    }
    for (let larger = sizeClass(bytes) + 1; !best && larger <= sizeClass(this.end); larger++) {
      [best] = this.#free.get(larger) ?? [];
    }
    return best;
  }

  /** Takes the beginning of a gap, or grows at the end. */
  take(gap: Region | undefined, bytes: number): Region {
    const region = gap ?? this.#atEnd(bytes);
    this.#unlist(region);
    region.isFree = false;
    const rest = region.bytes - bytes;
    region.bytes = bytes;
    if (rest > 0) this.#list(this.#insert(region, rest));
    return region;
  }

  /** Frees a region, and joins it with free neighbours. */
  give(region: Region): void {
    const { before, after } = region;
    if (after?.isFree) {
      this.#unlist(after);
      region.bytes += after.bytes;
      this.#unlink(after);
    }
    if (before?.isFree) {
      this.#unlist(before);
      region.offset = before.offset;
      region.bytes += before.bytes;
      this.#unlink(before);
    }
    this.#list(region);
  }

  /** A free region of `bytes` at the end, with what is free there. */
  #atEnd(bytes: number): Region {
    const last = this.#last;
    if (!last?.isFree) return this.#insert(last, bytes);
    this.#unlist(last);
    last.bytes = bytes;
    return last;
  }

  #insert(before: Region | undefined, bytes: number): Region {
    const after = before?.after;
    const offset = before ? before.offset + before.bytes : 0;
    const region: Region = { offset, bytes, isFree: true, before, after };
    if (before) before.after = region;
    if (after) after.before = region;
    else this.#last = region;
    return region;
  }

  #unlink({ before, after }: Region): void {
    if (before) before.after = after;
    if (after) after.before = before;
    else this.#last = before;
  }

  #list(region: Region): void {
    region.isFree = true;
    const known = this.#free.get(sizeClass(region.bytes));
    if (known) known.add(region);
    else this.#free.set(sizeClass(region.bytes), new Set([region]));
  }

  #unlist(region: Region): void {
    this.#free.get(sizeClass(region.bytes))?.delete(region);
  }
}

function sizeClass(bytes: number): number {
  return Math.floor(Math.log2(bytes));
}
