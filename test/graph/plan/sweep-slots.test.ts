// Blocks of very large programs: apart where they must be, never on top of each other while both live, in little room.
import { expect, test } from "vitest";
import { type Assignment, assignSlots, type Block } from "../../../src/graph/plan/assign-slots.ts";
import { sweepSlots } from "../../../src/graph/plan/sweep-slots.ts";
import { createRandom } from "../../support/random.ts";

const alignment = 256;

interface Sketch {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

/** Blocks that must lie apart from those of the `neighbours` blocks before them. */
function blocksOf(sketches: readonly Sketch[], neighbours: number): Block[] {
  const near = (i: number) => Array.from({ length: 2 * neighbours + 1 }, (_, k) => i + k - neighbours);
  return sketches.map((sketch, i) => ({
    ...sketch,
    pieces: [{ offset: 0, ...sketch }],
    apart: new Set(near(i).filter((other) => other !== i && sketches[other] !== undefined)),
  }));
}

/** Pairs that share a slot where they must not, or bytes while both live; and blocks outside of their slot. */
function faultsOf(blocks: readonly Block[], { positions, slots }: Assignment): string[] {
  return blocks.flatMap((block, i) => {
    const place = positions[i]!;
    const faults: string[] = [];
    if (place.offset % alignment !== 0) faults.push(`${i} begins at ${place.offset}`);
    if (place.offset + block.bytes > slots[place.slot]!) faults.push(`${i} ends outside of its slot`);
    for (let j = 0; j < i; j++) {
      const [other, at] = [blocks[j]!, positions[j]!];
      if (at.slot !== place.slot) continue;
      if (block.apart.has(j)) faults.push(`${i} and ${j} are in one slot`);
      const bothLive = block.first <= other.last && other.first <= block.last;
      const bothThere = at.offset < place.offset + block.bytes && place.offset < at.offset + other.bytes;
      if (bothLive && bothThere) faults.push(`${i} and ${j} share bytes`);
    }
    return faults;
  });
}

function drawn(seed: number, count: number): Sketch[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, first) => {
    const life = random() < 0.1 ? random() * count : random() * 8;
    return { bytes: 4 * (1 + Math.floor(random() ** 3 * 5000)), first, last: first + Math.floor(life) };
  });
}

/** The most bytes that live at one step, with each block rounded up. */
function leastBytes(blocks: readonly Sketch[]): number {
  const steps = Math.max(...blocks.map(({ last }) => last)) + 1;
  const live = new Array<number>(steps).fill(0);
  for (const { bytes, first, last } of blocks) {
    for (let step = first; step <= last; step++) live[step]! += Math.ceil(bytes / alignment) * alignment;
  }
  return Math.max(...live);
}

test("random blocks lie where they may, in at most 1.5 times the bytes that a search finds", () => {
  for (let seed = 1; seed <= 12; seed++) {
    const blocks = blocksOf(drawn(seed, 600), seed % 3);
    const assignment = sweepSlots(blocks, { alignment, maxSlotBytes: Number.POSITIVE_INFINITY });
    expect(faultsOf(blocks, assignment), `seed ${seed}`).toEqual([]);
    const searched = assignSlots(blocks, { lowerBoundBytes: 0, maxSlotBytes: Number.POSITIVE_INFINITY });
    expect(assignment.bytes / searched.bytes, `seed ${seed}`).toBeLessThan(1.5);
  }
});

test("slots keep to their limit", () => {
  const blocks = blocksOf(drawn(20, 600), 1);
  const assignment = sweepSlots(blocks, { alignment, maxSlotBytes: 65_536 });
  expect(faultsOf(blocks, assignment)).toEqual([]);
  expect(Math.max(...assignment.slots)).toBeLessThanOrEqual(65_536);
  expect(assignment.slots.length).toBeGreaterThan(2);
});

test("a chain takes two blocks, a ladder what it keeps", () => {
  const count = 1000;
  const chain = Array.from({ length: count }, (_, first) => ({ bytes: 1024, first, last: first + 1 }));
  const any = { alignment, maxSlotBytes: Number.POSITIVE_INFINITY };
  expect(sweepSlots(blocksOf(chain, 1), any).slots).toEqual([1024, 1024]);
  const ladder = chain.map((block, i) => (i % 2 === 0 ? block : { ...block, last: 2 * count - i }));
  expect(sweepSlots(blocksOf(ladder, 1), any).bytes).toBeLessThanOrEqual(leastBytes(ladder) + 2048);
});
