// Pools with more padding than those of this engine take.

import type { Value } from "../../../graph/ir/graph.ts";
import { pad } from "../../../ops/move/slice-pad.ts";
import type { NodeContext } from "../node-context.ts";
import { ensure } from "../unsupported.ts";
import { readWindow, type Window } from "./window.ts";

/** Pools of this engine are padded by half the kernel at most, as PyTorch's. */
function isWide({ kernel, before, after }: Window): boolean {
  return [before, after].some((pads) => pads.some((size, axis) => size > Math.floor(kernel[axis]! / 2)));
}

/** Wider padding becomes part of x: `value` where it never counts, or counts as it should; `padded` is the window before. */
export function padWhereWide(
  node: NodeContext,
  ceilMode: boolean,
  value: number,
): { x: Value; window: Window; padded?: Window } {
  const x = node.value(0);
  const window = readWindow(node, x.type.shape, undefined);
  if (!isWide(window)) return { x, window };
  ensure(!ceilMode, "pads of more than half the kernel are not computed with ceil_mode");
  const given = { begin: [0, 0, ...window.before], end: [0, 0, ...window.after], value };
  const none = window.before.map(() => 0);
  return {
    x: node.apply(pad, [x], given, { part: "pad" }),
    window: { ...window, before: none, after: none },
    padded: window,
  };
}
