// Labels for cases of losses, and what every reference of a loss needs.

import type { InputSpec, ReferenceTensor } from "./operator-cases.ts";
import { createRandom } from "./random.ts";

/** Labels in [0, below), and some that are `ignored`. */
export function randomLabels(shape: readonly number[], below: number, ignored?: number): InputSpec {
  const random = createRandom(5);
  const count = shape.reduce((product, size) => product * size, 1);
  const draw = () => {
    const isIgnored = random() < 0.2;
    return isIgnored && ignored !== undefined ? ignored : Math.floor(random() * below);
  };
  return { shape, dtype: "u32", values: Array.from({ length: count }, draw) };
}

/** A pixel of x [N, C, ...]: its item, its label, and the elements of x that are its classes. */
export interface Pixel {
  readonly item: number;
  /** Its place in [N, ...]. */
  readonly place: number;
  readonly label: number;
  readonly elements: readonly number[];
}

export function pixelsOf(x: ReferenceTensor, labels: ReferenceTensor): readonly Pixel[] {
  const [items, classes, ...space] = x.shape as [number, number, ...number[]];
  const plane = space.reduce((product, size) => product * size, 1);
  return Array.from({ length: items * plane }, (_, place) => {
    const [item, i] = [Math.floor(place / plane), place % plane];
    const elements = Array.from({ length: classes }, (_, k) => (item * classes + k) * plane + i);
    return { item, place, label: labels.data[place]!, elements };
  });
}
