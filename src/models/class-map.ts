// From logits to classes.
import type { GraphBuilder } from "../graph/ir/builder.ts";
import type { Value } from "../graph/ir/graph.ts";
import { pad } from "../ops/move/slice-pad.ts";
import { argmax } from "../ops/reduce/argmax.ts";
import { type ChosenNetwork, classCount } from "./network.ts";

/**
 * Appends the class of each pixel, i32 [N, ...], as `classes`: the first largest of the logits [N, C, ...]. Where the background
 * has no channel its logit is 0: the one class is where its sigmoid is above one half.
 */
export function classMap(b: GraphBuilder, logits: Value, chosen: ChosenNetwork): Value {
  const { shape } = logits.type;
  const missing = classCount(chosen) - shape[1]!;
  const [none, front] = [shape.map(() => 0), shape.map((_, axis) => (axis === 1 ? missing : 0))];
  const all =
    missing === 0 ? logits : b.apply(pad, [logits], { begin: front, end: none, value: 0 }, { name: "background" });
  return b.apply(argmax, [all], { axis: 1 }, { name: "classes" });
}
