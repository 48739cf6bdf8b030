// Shapes of a model's inputs: fixed in the file, or open under a name, and then given by the caller.

import { ShapeError, UsageError } from "../../errors.ts";
import { formatShape, type Shape } from "../../tensor.ts";
import { quote } from "../quote.ts";
import type { Dimension, ValueInfo } from "./messages.ts";

interface Given {
  readonly shapes: Readonly<Record<string, Shape>>;
  readonly dimensions: Readonly<Record<string, number>>;
  /** Sizes that inputs before this one gave to names; this one's are added. */
  readonly bound: Map<string, number>;
}

/** The names of sizes that inputs leave open. */
export function openDimensions(inputs: readonly ValueInfo[]): Set<string> {
  const sizes = inputs.flatMap(({ tensor }) => tensor?.shape ?? []);
  return new Set(sizes.filter((size) => typeof size === "string"));
}

/** The shape of one input. Throws ShapeError where a given shape contradicts the file, UsageError where a size stays open. */
export function bindShape({ name, tensor }: ValueInfo, given: Given, file: string): Shape {
  const declared = tensor?.shape;
  const shape = Object.hasOwn(given.shapes, name) ? given.shapes[name] : undefined;
  const where = `${file}: input ${quote(name)}`;
  if (shape === undefined) {
    if (declared === undefined) throw new UsageError(`${where}: its shape is open, expected one in shapes`);
    return declared.map((size) => bindSize(size, given) ?? fail(where, declared));
  }
  const expected = declared ? formatDimensions(declared) : "any";
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 1)) {
    throw new ShapeError(`${where} got shape ${formatShape(shape)}, expected positive integers`);
  }
  const fits = declared === undefined || declared.length === shape.length;
  if (!fits || !(declared ?? []).every((size, axis) => bindTo(size, shape[axis]!, given))) {
    const bound = [...given.bound].map(([symbol, size]) => `${symbol} = ${size}`).join(", ");
    throw new ShapeError(
      `${where} got shape ${formatShape(shape)}, expected ${expected}${bound === "" ? "" : ` with ${bound}`}`,
    );
  }
  return shape;
}

function bindSize(size: Dimension, { dimensions, bound }: Given): number | undefined {
  if (typeof size !== "string") return size !== undefined && size >= 1 ? size : undefined;
  const given = Object.hasOwn(dimensions, size) ? dimensions[size] : undefined;
  return given ?? bound.get(size);
}

/** Whether a given size fits what the file says; binds the name that the file has for it. Sizes of 0 and less are open. */
function bindTo(size: Dimension, given: number, { dimensions, bound }: Given): boolean {
  if (size === undefined || (typeof size === "number" && size <= 0)) return true;
  if (typeof size === "number") return size === given;
  const known = bound.get(size) ?? (Object.hasOwn(dimensions, size) ? dimensions[size] : undefined);
  bound.set(size, given);
  return known === undefined || known === given;
}

function fail(where: string, declared: readonly Dimension[]): never {
  throw new UsageError(
    `${where}: shape ${formatDimensions(declared)} has open sizes, expected a shape for it, or sizes by these names`,
  );
}

/** `[N, 3, height, ?]`. */
function formatDimensions(declared: readonly Dimension[]): string {
  return `[${declared.map((size) => size ?? "?").join(", ")}]`;
}
