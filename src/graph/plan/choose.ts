// Which kernel or decomposition computes a node: what was measured on this device, else the operator's own preference.

import type { DeviceTraits } from "../../ops/device-traits.ts";
import type { Call, Decomposition, Kernel } from "../../ops/operator.ts";
import type { Node } from "../ir/graph.ts";

/** Names a kernel or decomposition for a call, or leaves it to the operator's preference. */
export type Choice = (node: Node, call: Call, device: DeviceTraits) => string | undefined;

/** Kernels and decompositions that apply. */
export function candidates(node: Node, call: Call, device: DeviceTraits): (Kernel | Decomposition)[] {
  const { kernels, decompositions = [] } = node.operator;
  return [...kernels, ...decompositions].filter((candidate) => candidate.applies(call, device));
}

export function isKernel(candidate: Kernel | Decomposition): candidate is Kernel {
  return "dispatches" in candidate;
}

/**
 * What the choice names, else what the operator prefers, else the only kernel that applies.
 * Throws Error if what is named does not apply, or if nothing is named and not exactly one kernel applies.
 */
export function choose(node: Node, call: Call, device: DeviceTraits, choice?: Choice): Kernel | Decomposition {
  const { kernels, decompositions = [] } = node.operator;
  const name = choice?.(node, call, device) ?? node.operator.prefer?.(call, device);
  const possible = name === undefined ? kernels : [...kernels, ...decompositions].filter((one) => one.name === name);
  const [chosen, ...others] = possible.filter((one) => one.applies(call, device));
  if (chosen && others.length === 0) return chosen;
  const known = candidates(node, call, device).map((one) => one.name);
  const wrong = name === undefined ? "no kernel is preferred" : `${name} does not apply`;
  throw new Error(
    `node ${node.name}: ${node.operator.name}: ${wrong}, expected one of what applies: ${known.join(", ") || "nothing"}`,
  );
}
