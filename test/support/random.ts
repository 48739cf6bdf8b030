// Seeded random data of tests, of the bench's generator.
export { createRandom, seedOf } from "../../bench/random.ts";

/** Uniform in [-1, 1), exactly representable in f32. */
export function uniform(count: number, random: () => number): Float32Array {
  return Float32Array.from({ length: count }, () => random() * 2 - 1);
}

/** All different, in random order: for operators where ties matter. */
export function distinct(count: number, random: () => number): Float32Array {
  const values = Float32Array.from({ length: count }, (_, i) => (i - count / 2) / 8);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [values[i], values[j]] = [values[j]!, values[i]!];
  }
  return values;
}
