// Seeded random data: the same numbers on every run and machine.

/** Mulberry32: uniform in [0, 1). Source: Tommy Ettinger, public domain. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A seed for {@link createRandom} from a name, so that every tensor has numbers of its own. */
export function seedOf(name: string): number {
  return [...name].reduce((hash, letter) => Math.imul(hash, 31) + letter.charCodeAt(0), 7);
}
