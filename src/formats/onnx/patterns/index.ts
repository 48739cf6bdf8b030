// What models spell out in many nodes and this engine computes in one. Each pattern is known by its last node.

import { isStandard } from "../file.ts";
import type { NodeProto } from "../messages.ts";
import { hardSwishPattern, siluPattern } from "./gates.ts";
import { geluPattern } from "./gelu.ts";
import { linearPattern } from "./linear.ts";
import type { Neighbourhood, Pattern, Replacement } from "./neighbourhood.ts";
import { normPattern, plainLayerNormPattern } from "./normalization.ts";
import { logSoftmaxPattern, softmaxPattern } from "./softmax.ts";

export { type KnownValues, Neighbourhood, type Replacement } from "./neighbourhood.ts";

const patterns: readonly Pattern[] = [
  softmaxPattern,
  logSoftmaxPattern,
  geluPattern,
  siluPattern,
  hardSwishPattern,
  normPattern,
  plainLayerNormPattern,
  linearPattern,
];

/** Broadcasting was another before. */
const since = 7;

/** What takes the place of a node; undefined for all but the last nodes of patterns. */
export function replacementOf(node: NodeProto, around: Neighbourhood): Replacement | undefined {
  if (around.opset < since || !isStandard(node.domain)) return undefined;
  for (const pattern of patterns) {
    const found = pattern(node, around);
    if (found) return found;
  }
  return undefined;
}
