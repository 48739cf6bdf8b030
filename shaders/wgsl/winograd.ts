// The matrices of Winograd's minimal filtering F(m x m, 3 x 3), by the Toom-Cook construction: polynomials are multiplied by
// evaluating them at points, multiplying there, and interpolating.
// Y = A^T [ (G g G^T) * (B^T d B) ] A, with d the m + 2 square of inputs, g the kernel, Y the m square of outputs.
// Sources: Lavin and Gray 2016 (arXiv:1509.09308); points after Barabasz et al. 2020 (arXiv:1803.10986): with +-3/4 and +-3/2
// in place of +-1 and +-2 the rounding error of m = 4 is about half.

import { range } from "./conv-taps.ts";
import { float } from "./wgsl.ts";

export type WinogradTile = 2 | 4;

/** Finite points; infinity is the last one. */
const points: Readonly<Record<WinogradTile, readonly number[]>> = {
  2: [0, 1, -1],
  4: [0, 0.75, -0.75, 1.5, -1.5],
};

export type Matrix = readonly (readonly number[])[];

export interface WinogradMatrices {
  /** [m + 2, m + 2] */
  readonly inputTransposed: Matrix;
  /** [m + 2, 3] */
  readonly weight: Matrix;
  /** [m, m + 2] */
  readonly outputTransposed: Matrix;
}

export function winogradMatrices(tile: WinogradTile): WinogradMatrices {
  const finite = points[tile];
  const others = (i: number) => finite.filter((_, j) => j !== i);
  const scale = finite.map((a, i) => others(i).reduce((product, b) => product * (a - b), 1));
  return {
    inputTransposed: [...finite.map((_, i) => [...polynomial(others(i)), 0]), polynomial(finite)],
    weight: [...finite.map((a, i) => [1 / scale[i]!, a / scale[i]!, a ** 2 / scale[i]!]), [0, 0, 1]],
    outputTransposed: Array.from({ length: tile }, (_, power) => [
      ...finite.map((a) => a ** power),
      power === tile - 1 ? 1 : 0,
    ]),
  };
}

/** Coefficients, constant term first, of the product of (x - root). */
function polynomial(roots: readonly number[]): number[] {
  let coefficients = [1];
  for (const root of roots) {
    coefficients = [0, ...coefficients].map((shifted, i) => shifted - root * (coefficients[i] ?? 0));
  }
  return coefficients;
}

/** WGSL of a row times a vector of names, e.g. `0.5 * a + -2.25 * c`. */
export function combine(row: readonly number[], names: readonly string[]): string {
  const terms = row.flatMap((factor, i) => {
    if (factor === 0) return [];
    return factor === 1 ? [names[i]!] : [`${float(factor)} * ${names[i]!}`];
  });
  return terms.join(" + ") || "0.0";
}

/**
 * WGSL: statements of M v M^T, a row of M v at a time, so that few values are alive. `element` names those of v; `store` writes
 * the result's [a, b].
 */
export function transform(
  matrix: Matrix,
  element: (row: number, column: number) => string,
  store: (a: number, b: number, value: string) => string,
): string[] {
  return matrix.map((factors, a) => {
    const side = range(factors.length);
    const names = side.map((s) => `t${a}_${s}`);
    const half = names.map(
      (name, s) =>
        `let ${name} = ${combine(
          factors,
          side.map((r) => element(r, s)),
        )};`,
    );
    return [...half, ...matrix.map((others, b) => store(a, b, combine(others, names)))].join("\n  ");
  });
}
