// Axes as ONNX gives them: negative ones from the end, as attributes in old operator sets and as inputs in new ones.

import type { NodeContext } from "../node-context.ts";
import { ensure } from "../unsupported.ts";

/** An axis from 0 to `rank - 1`. */
export function resolveAxis(axis: number, rank: number): number {
  ensure(
    Number.isSafeInteger(axis) && axis >= -rank && axis < rank,
    `axis is ${axis}, expected ${-rank} to ${rank - 1}`,
  );
  return axis < 0 ? axis + rank : axis;
}

/** Axes in order, each once. */
export function resolveAxes(axes: readonly number[], rank: number): number[] {
  const resolved = axes.map((axis) => resolveAxis(axis, rank)).sort((a, b) => a - b);
  ensure(new Set(resolved).size === resolved.length, `axes are ${axes.join(", ")}, expected each once`);
  return resolved;
}

/** Numbers of an attribute before operator set `inputSince`, of an input from then on. */
export function intsFrom(
  node: NodeContext,
  name: string,
  { input, inputSince }: { readonly input: number; readonly inputSince: number },
): readonly number[] | undefined {
  if (node.opset < inputSince) return node.ints(name, undefined);
  const tensor = node.optionalKnown(input, name);
  return tensor && Array.from(tensor.data);
}
