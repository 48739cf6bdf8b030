// Rules about axes and broadcasting that several operators share.
import { ShapeError } from "../../errors.ts";
import { formatShape, type Shape } from "../../tensor.ts";

/** Counts a negative axis from the end. Throws ShapeError unless the shape has that axis. */
export function resolveAxis(operator: string, axis: number, shape: Shape): number {
  const rank = shape.length;
  if (axis < -rank || axis >= rank) {
    throw new ShapeError(
      `${operator}: axis is ${axis}, expected ${-rank} to ${rank - 1} (input shapes: ${formatShape(shape)})`,
    );
  }
  return axis < 0 ? axis + rank : axis;
}

/** Counts negative axes from the end; in ascending order. Throws ShapeError unless the shape has each, named once. */
export function resolveAxes(operator: string, axes: readonly number[], shape: Shape): number[] {
  const found = new Set(axes.map((axis) => resolveAxis(operator, axis, shape)));
  if (found.size === axes.length) return [...found].sort((a, b) => a - b);
  throw new ShapeError(
    `${operator}: got axes ${formatShape(axes)}, expected each once (input shapes: ${formatShape(shape)})`,
  );
}

/** Throws ShapeError unless the axis is an integer. */
export function requireAxis(operator: string, axis: number): number {
  if (!Number.isSafeInteger(axis)) throw new ShapeError(`${operator}: axis is ${axis}, expected an integer`);
  return axis;
}

/** The shape that both broadcast to, aligned at the last axis as in NumPy. Throws ShapeError. */
export function broadcastShape(operator: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const sizeA = a[axis - rank + a.length] ?? 1;
    const sizeB = b[axis - rank + b.length] ?? 1;
    if (sizeA === sizeB || sizeB === 1) return sizeA;
    if (sizeA === 1) return sizeB;
    throw new ShapeError(
      `${operator}: shapes do not broadcast: got ${formatShape(a)} and ${formatShape(b)}, ` +
        `expected equal sizes or 1 along each axis, counted from the last`,
    );
  });
}
