// Values as products, in whatever order they were multiplied.

import type { Neighbourhood } from "./neighbourhood.ts";

interface Product {
  readonly constant: number;
  readonly factors: readonly string[];
}

/** Deeper products are of no pattern. */
const deepest = 4;

/** A value as a product: products, quotients by constants, squares and cubes are followed, but not into `atoms`. */
export function product(name: string, around: Neighbourhood, atoms: ReadonlySet<string>, depth = 0): Product {
  const constant = around.scalar(name);
  if (constant !== undefined) return { constant, factors: [] };
  const whole = { constant: 1, factors: [name] };
  if (atoms.has(name) || depth === deepest) return whole;
  const follow = (input: string | undefined) => product(input ?? "", around, atoms, depth + 1);
  const times = around.producer(name, "Mul");
  if (times?.inputs.length === 2) return join(times.inputs.map(follow));
  const quotient = around.producer(name, "Div");
  const divisor = around.scalar(quotient?.inputs[1]);
  if (quotient && divisor !== undefined)
    return join([{ constant: 1 / divisor, factors: [] }, follow(quotient.inputs[0])]);
  const power = around.producer(name, "Pow");
  const exponent = around.scalar(power?.inputs[1]);
  if (!power || (exponent !== 2 && exponent !== 3)) return whole;
  return join(Array.from({ length: exponent }, () => follow(power.inputs[0])));
}

function join(products: readonly Product[]): Product {
  return {
    constant: products.reduce((all, { constant }) => all * constant, 1),
    factors: products.flatMap(({ factors }) => factors),
  };
}
