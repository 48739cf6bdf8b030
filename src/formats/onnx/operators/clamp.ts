// The larger or smaller of each element and a number, exactly, by operators that are there: a window of two over the element
// and a constant beside it.

import type { Value } from "../../../graph/graph.ts";
import { relu } from "../../../ops/activations.ts";
import { mul } from "../../../ops/arithmetic.ts";
import { maxPool2d } from "../../../ops/max-pool.ts";
import { pad } from "../../../ops/pad.ts";
import { reshape } from "../../../ops/reshape.ts";
import type { NodeContext } from "../node-context.ts";
import { step } from "./window.ts";

/** max(x, bound); NaN stays NaN. `part` names the last step, undefined where it is the node. */
export function clampBelow(node: NodeContext, x: Value, bound: number, part: string | undefined): Value {
  if (bound === 0) return node.apply(relu, [x], {}, step(part));
  const { shape } = x.type;
  const own = part ?? "clamp";
  const [rows, width] = [shape.slice(0, -1), shape.at(-1) ?? 1];
  const height = rows.at(-1) ?? 1;
  const planes = node.apply(reshape, [x], { shape: [-1, height, width, 1] }, { part: `${own}.columns` });
  const given = { begin: [0, 0, 0, 0], end: [0, 0, 0, 1], value: bound };
  const pairs = node.apply(pad, [planes], given, { part: `${own}.pairs` });
  const larger = node.apply(maxPool2d, [pairs], { kernel: [1, 2] }, { part: `${own}.larger` });
  return node.apply(reshape, [larger], { shape }, step(part));
}

/** min(x, bound), as -max(-x, -bound). */
export function clampAbove(node: NodeContext, x: Value, bound: number, part: string | undefined): Value {
  const own = part ?? "clampAbove";
  const minus = node.scalar(`${own}.minus`, -1);
  const negated = node.apply(mul, [x, minus], {}, { part: `${own}.negated` });
  const larger = clampBelow(node, negated, -bound, `${own}.clamp`);
  return node.apply(mul, [larger, minus], {}, step(part));
}
