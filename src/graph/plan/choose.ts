// Which kernel or decomposition computes a node: what was measured on this device, else the operator's own preference.

import type { DeviceTraits } from "../../ops/device-traits.ts";
import type { Call, Decomposition, Kernel } from "../../ops/operator.ts";
import type { Node } from "../ir/graph.ts";

/** Names a kernel or decomposition for a call, or leaves it to the operator's preference. */
export type Choice = (node: Node, call: Call, device: DeviceTraits) => string | undefined;

/** Kernels and decompositions that apply, from the readable to the fast. */
export function candidates(node: Node, call: Call, device: DeviceTraits): (Kernel | Decomposition)[] {
  const { kernels, decompositions = [] } = node.operator;
  return [...kernels, ...decompositions].filter((candidate) => candidate.applies(call, device));
}

export function isKernel(candidate: Kernel | Decomposition): candidate is Kernel {
  return "dispatches" in candidate;
}

/** Throws Error if nothing applies, or if the choice names something that does not. */
export function choose(node: Node, call: Call, device: DeviceTraits, choice?: Choice): Kernel | Decomposition {
  const applicable = candidates(node, call, device);
  const name = choice?.(node, call, device) ?? node.operator.prefer?.(call, device);
  const found =
    name === undefined ? applicable.findLast(isKernel) : applicable.find((candidate) => candidate.name === name);
  if (found) return found;
  const known = applicable.map((candidate) => candidate.name).join(", ") || "nothing";
  throw new Error(`node ${node.name}: ${name ?? "no kernel"} does not apply, ${known} does`);
}
