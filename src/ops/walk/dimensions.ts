// Sizes of a shape by their names.
import { ShapeError } from "../../errors.ts";
import { formatShape, type Shape } from "../../tensor.ts";
import type { AtLeast } from "../operator.ts";

/** A shape whose first `least` sizes are there: `const [items, channels, ...sizes] = dimensions(shape, 2)`. Throws ShapeError. */
export function dimensions<N extends number>(shape: Shape, least: N): AtLeast<number, N> {
  const isLong = (sizes: Shape): sizes is Shape & AtLeast<number, N> => sizes.length >= least;
  if (isLong(shape)) return shape;
  throw new ShapeError(`got shape ${formatShape(shape)}, expected ${least} axes or more`);
}
