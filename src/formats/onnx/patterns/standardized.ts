// (x - mean) / sqrt(variance + eps) over some axes, as models spell it out.

import { shapesEqual } from "../../../tensor.ts";
import type { NodeProto } from "../messages.ts";
import { attributeOf, eitherOrder, type Neighbourhood } from "./neighbourhood.ts";

export interface Standardized {
  readonly x: string;
  /** As the file has them. */
  readonly axes: readonly number[];
  readonly eps: number;
}

/** Undefined for a node that gives something else. */
export function standardizedBy(node: NodeProto, around: Neighbourhood): Standardized | undefined {
  const factors = node.opType === "Div" ? [node.inputs] : node.opType === "Mul" ? eitherOrder(node) : [];
  for (const [difference = "", deviation = ""] of factors) {
    const centred = centredBy(difference, around);
    const shifted = centred && radicand(node.opType === "Div" ? deviation : inverted(deviation, around), around);
    const eps = shifted && epsOf(shifted, centred, around);
    if (centred && eps !== undefined) return { ...centred, eps };
  }
  return undefined;
}

interface Centred {
  readonly x: string;
  readonly axes: readonly number[];
}

/** x - mean(x). */
function centredBy(name: string, around: Neighbourhood): Centred | undefined {
  const difference = around.producer(name, "Sub");
  const [x = "", mean] = difference?.inputs ?? [];
  const axes = meanAxes(mean, x, around);
  return axes && { x, axes };
}

/** The axes over which a value is the mean of another, and which it keeps. */
function meanAxes(name: string | undefined, of: string, around: Neighbourhood): readonly number[] | undefined {
  const mean = around.producer(name, "ReduceMean");
  if (mean?.inputs[0] !== of || (attributeOf(mean, "keepdims")?.i ?? 1) === 0) return undefined;
  const axes = around.ints(mean, "axes", 1);
  return axes && axes.length > 0 ? axes : undefined;
}

/** v, where the value is 1 / v. */
function inverted(name: string, around: Neighbourhood): string | undefined {
  const quotient = around.producer(name, "Div");
  if (quotient && around.scalar(quotient.inputs[0]) === 1) return quotient.inputs[1];
  return around.producer(name, "Reciprocal")?.inputs[0];
}

/** The sum under a square root. */
function radicand(name: string | undefined, around: Neighbourhood): NodeProto | undefined {
  const root = around.producer(name, "Sqrt");
  if (root) return around.producer(root.inputs[0], "Add");
  const power = around.producer(name, "Pow");
  return around.scalar(power?.inputs[1]) === 0.5 ? around.producer(power?.inputs[0], "Add") : undefined;
}

/** What is added to the variance of x over the same axes. */
function epsOf(sum: NodeProto, { x, axes }: Centred, around: Neighbourhood): number | undefined {
  for (const [variance, eps] of eitherOrder(sum)) {
    const added = around.scalar(eps);
    const square = around.producer(variance, "ReduceMean")?.inputs[0] ?? "";
    const over = meanAxes(variance, square, around);
    const base = squared(square, around);
    const centred = base === undefined ? undefined : centredBy(base, around);
    const isVariance = over && centred?.x === x && shapesEqual(centred.axes, axes) && shapesEqual(over, axes);
    if (isVariance && added !== undefined && added >= 0) return added;
  }
  return undefined;
}

/** v, where the value is v * v. */
function squared(name: string, around: Neighbourhood): string | undefined {
  const power = around.producer(name, "Pow");
  if (power && around.scalar(power.inputs[1]) === 2) return power.inputs[0];
  const times = around.producer(name, "Mul");
  return times && times.inputs[0] === times.inputs[1] ? times.inputs[0] : undefined;
}
