// Where the pixels of a resized axis lie in the input, as fractions of integers: f32 products and quotients are off by one
// pixel for some sizes.
import type { Shape } from "../../tensor.ts";
import type { SpaceTypes } from "../walk/window.ts";

export type Mode = "bilinear" | "trilinear" | "nearest";
export type Coordinates = "half-pixel" | "align-corners" | "asymmetric";

export interface ResizeAttributes<T extends SpaceTypes, M extends Mode> {
  readonly mode: M;
  readonly coordinates: Coordinates;
  readonly size: T["size"] | undefined;
  readonly scale: T["size"] | undefined;
}

/** Output pixel i lies at `(start + i * step) / unit` pixels of the input, in lowest terms. */
export interface Sampling {
  readonly start: number;
  readonly step: number;
  readonly unit: number;
}

/** Kernels calculate `start + i * step` in i32. */
export const indexLimit = 2 ** 31;

interface Fraction {
  readonly numerator: number;
  readonly denominator: number;
}

/** Where the output's pixels lie in the input, along each axis after N and C. */
export function axisSamplings(
  from: Shape,
  to: Shape,
  attrs: { readonly mode: Mode; readonly coordinates: Coordinates; readonly scale: readonly number[] | undefined },
): Sampling[] {
  return from.map((size, axis) => sampling(size, to[axis]!, { ...attrs, scale: attrs.scale?.[axis] }));
}

/** For `nearest`, half a pixel is added where positions round half up: the kernel rounds down. */
export function sampling(
  from: number,
  to: number,
  given: {
    readonly mode: Mode;
    readonly coordinates: Coordinates;
    readonly scale: number | undefined;
  },
): Sampling {
  const { mode, coordinates } = given;
  if (coordinates === "align-corners") {
    const step = from - 1;
    const unit = Math.max(to - 1, 1);
    return mode === "nearest" ? reduced(unit, 2 * step, 2 * unit) : reduced(0, step, unit);
  }
  const { numerator, denominator } = ratio(from, to, given);
  if (coordinates === "asymmetric") return reduced(0, numerator, denominator);
  return reduced(mode === "nearest" ? numerator : numerator - denominator, 2 * numerator, 2 * denominator);
}

/**
 * Input pixels per output pixel. A given scale does not count where the size stays the same, nor in nearest, asymmetric
 * resizing to twice the size: so PyTorch does it.
 */
function ratio(from: number, to: number, { mode, coordinates, scale }: Parameters<typeof sampling>[2]): Fraction {
  const isDouble = mode === "nearest" && coordinates === "asymmetric" && to === 2 * from;
  if (scale === undefined || to === from || isDouble) return { numerator: from, denominator: to };
  const { numerator, denominator } = fraction(scale);
  return { numerator: denominator, denominator: numerator };
}

/**
 * The first convergent of the continued fraction that is `value` when rounded to f32, which is as far as PyTorch looks:
 * 1/3 for 0.3333..., 17/10 for 1.7, whether the number came as f32 or f64.
 */
function fraction(value: number): Fraction {
  let previous: Fraction = { numerator: 1, denominator: 0 };
  let current: Fraction = { numerator: Math.floor(value), denominator: 1 };
  let rest = value;
  while (Math.fround(current.numerator / current.denominator) !== Math.fround(value)) {
    rest = 1 / (rest - Math.floor(rest));
    const term = Math.floor(rest);
    const next = {
      numerator: term * current.numerator + previous.numerator,
      denominator: term * current.denominator + previous.denominator,
    };
    previous = current;
    current = next;
  }
  return current;
}

function reduced(start: number, step: number, unit: number): Sampling {
  const divisor = [start, step].reduce(greatestCommonDivisor, unit);
  return { start: start / divisor, step: step / divisor, unit: unit / divisor };
}

function greatestCommonDivisor(a: number, b: number): number {
  let [x, y] = [Math.abs(a), Math.abs(b)];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}
