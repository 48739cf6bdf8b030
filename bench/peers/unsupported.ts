// How a peer refuses a node. A peer computes what the graph says or nothing.
import type { Node } from "../../src/graph/ir/graph.ts";
import { formatShape } from "../../src/tensor.ts";
import type { BenchCase } from "../cases.ts";

/** `TensorFlow.js WebGPU: operator conv2d with groups 2 (node layer1.conv) has no translation`. */
export function unsupported(peer: string, node: Node, what = ""): Error {
  const detail = what ? ` ${what}` : "";
  return new Error(`${peer}: operator ${node.operator.name}${detail} (node ${node.name}) has no translation`);
}

/** Throws for an engine that stores f32 only. */
export function requireF32(peer: string, { precision }: BenchCase): void {
  if (precision !== "f32") throw new Error(`${peer}: stores f32 only, the case is ${precision}`);
}

/** Throws when an engine's result has another shape than the node's. */
export function requireShape(peer: string, node: Node, got: readonly number[], expected: readonly number[]): void {
  if (got.length === expected.length && got.every((size, axis) => size === expected[axis])) return;
  const shapes = `got ${formatShape(got)}, expected ${formatShape(expected)}`;
  throw new Error(`${peer}: operator ${node.operator.name} (node ${node.name}) gave another shape: ${shapes}`);
}
