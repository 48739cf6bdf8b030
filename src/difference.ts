// How far two tensors are apart, in numbers that an engineer can act on.
import type { Shape } from "./tensor.ts";

export interface Difference {
  /** Largest |got - expected|. */
  readonly maxAbs: number;
  /** |got - expected| / |expected| in the L2 norm; infinite where only the reference is zero. */
  readonly relativeL2: number;
  /** The element with the largest error; a non-finite one goes first. */
  readonly worst: { readonly index: readonly number[]; readonly got: number; readonly expected: number };
}

/** Compares element by element in float64. NaN and infinities that differ make both measures infinite. */
export function difference(shape: Shape, got: ArrayLike<number>, expected: ArrayLike<number>): Difference {
  let errors = 0;
  let norm = 0;
  let worst = 0;
  let maxAbs = -1;
  for (let i = 0; i < expected.length; i++) {
    const want = expected[i]!;
    const error = Object.is(got[i], want) ? 0 : Math.abs(got[i]! - want);
    const size = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
    errors += size * size;
    norm += want * want;
    if (size > maxAbs) {
      maxAbs = size;
      worst = i;
    }
  }
  const ratio = errors === 0 ? 0 : Math.sqrt(errors / norm);
  return {
    maxAbs: Math.max(maxAbs, 0),
    relativeL2: Number.isNaN(ratio) ? Number.POSITIVE_INFINITY : ratio,
    worst: { index: coordinates(shape, worst), got: got[worst]!, expected: expected[worst]! },
  };
}

/** `[1, 0, 4]` of element 19 in shape [2, 3, 5]. */
export function coordinates(shape: Shape, element: number): number[] {
  let rest = element;
  return shape
    .toReversed()
    .map((size) => {
      const index = rest % size;
      rest = Math.floor(rest / size);
      return index;
    })
    .reverse();
}

export interface ClassDifference {
  readonly pixels: number;
  /** Pixels whose largest logit is another class than in the reference. */
  readonly differing: number;
  /** Those of them that the reference decided clearly: its two largest logits are 1e-3 of the logit range apart or more. */
  readonly unexplained: number;
}

/** Compares the class maps of logits [N, C, ...]. */
export function classDifference(shape: Shape, got: Float32Array, expected: Float32Array): ClassDifference {
  const [items, classes] = shape as [number, number];
  const plane = expected.length / items / classes;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of expected) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  let differing = 0;
  let unexplained = 0;
  for (let n = 0; n < items; n++) {
    for (let pixel = 0; pixel < plane; pixel++) {
      const at = n * classes * plane + pixel;
      const mine = topTwo(got, at, classes, plane);
      const theirs = topTwo(expected, at, classes, plane);
      if (mine.first === theirs.first) continue;
      differing++;
      if (theirs.margin >= 1e-3 * (high - low)) unexplained++;
    }
  }
  return { pixels: items * plane, differing, unexplained };
}

function topTwo(logits: Float32Array, at: number, classes: number, plane: number) {
  let first = 0;
  let best = Number.NEGATIVE_INFINITY;
  let second = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < classes; c++) {
    const value = logits[at + c * plane]!;
    if (value > best) {
      second = best;
      best = value;
      first = c;
    } else second = Math.max(second, value);
  }
  return { first, margin: best - second };
}
