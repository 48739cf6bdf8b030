// What becomes of a gradient where an input was repeated.
import { type Shape, shapesEqual } from "../../tensor.ts";
import { reshape } from "../move/reshape.ts";
import type { GradientContext } from "../operator.ts";
import { sum } from "./reductions.ts";

/** The gradient of an input of this shape that broadcast to the gradient's: its sum over the axes along which it was repeated. */
export function sumToShape<V>({ apply, type }: GradientContext<V>, gradient: V, shape: Shape): V {
  const from = type(gradient).shape;
  const missing = from.length - shape.length;
  const axes = [...from.keys()].filter((axis) => axis < missing || (shape[axis - missing] === 1 && from[axis] !== 1));
  const summed = axes.length > 0 ? apply(sum, [gradient], { axes, keepDim: true }) : gradient;
  return shapesEqual(type(summed).shape, shape) ? summed : apply(reshape, [summed], { shape });
}
