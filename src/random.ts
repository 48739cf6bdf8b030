// Random numbers that are a function of a key and a counter: nothing to keep, nothing to restore, any order, any thread.

/** Two 32-bit words. */
export type Words = readonly [number, number];

const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/** Of the second counter word; what lies below counts the draws of one lane. */
const laneBits = 27;

/**
 * Threefry-2x32 with 20 rounds: encrypts a counter under a key, so that every (key, counter) has words of its own.
 * Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011; also what JAX draws from.
 */
export function threefry([key0, key1]: Words, [counter0, counter1]: Words, out: Uint32Array): void {
  const keys = [key0, key1, key0 ^ key1 ^ 0x1bd11bda];
  let x = (counter0 + key0) | 0;
  let y = (counter1 + key1) | 0;
  for (let round = 0; round < 20; round++) {
    const turn = rotations[round & 7]!;
    x = (x + y) | 0;
    y = ((y << turn) | (y >>> (32 - turn))) ^ x;
    if ((round & 3) !== 3) continue;
    const injection = (round >> 2) + 1;
    x = (x + keys[injection % 3]!) | 0;
    y = (y + keys[(injection + 1) % 3]! + injection) | 0;
  }
  out[0] = x;
  out[1] = y;
}

/** The counter of a lane's block: what {@link Random} encrypts for every two of its draws. */
export function counterOf(stream: number, lane: number, block: number): Words {
  return [stream, lane * 2 ** laneBits + block];
}

/**
 * A sequence of numbers of its own for each (key, stream, lane): 2^28 draws, up to 2^32 streams, 32 lanes. By
 * convention the key is (seed, epoch), the stream a sample and the lane a purpose.
 */
export class Random {
  readonly #key: Words;
  readonly #stream: number;
  readonly #lane: number;
  readonly #words = new Uint32Array(2);
  #block = 0;
  #hasSecond = false;
  #normal: number | undefined;

  constructor(key: Words, stream: number, lane = 0) {
    this.#key = key;
    this.#stream = stream;
    this.#lane = lane;
  }

  /** Uniform in [0, 1), a multiple of 2^-32. */
  next(): number {
    this.#hasSecond = !this.#hasSecond;
    if (!this.#hasSecond) return this.#words[1]! / 2 ** 32;
    threefry(this.#key, counterOf(this.#stream, this.#lane, this.#block++), this.#words);
    return this.#words[0]! / 2 ** 32;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Mean 0, deviation 1: Box and Muller's method, two at a time. */
  normal(): number {
    const kept = this.#normal;
    this.#normal = undefined;
    if (kept !== undefined) return kept;
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    const angle = 2 * Math.PI * this.next();
    this.#normal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** Puts the elements into random order, in place: Fisher and Yates' method. */
  shuffle<T>(values: T[]): T[] {
    for (let i = values.length - 1; i > 0; i--) {
      const j = Math.floor(this.next() * (i + 1));
      [values[i], values[j]] = [values[j]!, values[i]!];
    }
    return values;
  }
}
