// From logits to classes.
import type { GraphBuilder } from "../graph/ir/builder.ts";
import type { Value } from "../graph/ir/graph.ts";
import { sigmoid } from "../ops/elementwise/activations.ts";
import { pad } from "../ops/move/slice-pad.ts";
import { softmax } from "../ops/norm/softmax.ts";
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

/**
 * Appends the probability of each class, f32 [N, C, ...], as `probabilities`: those of a softmax add up to 1 at each pixel; of
 * sigmoids several may be high, so that a pixel may have several labels.
 */
export function probabilities(b: GraphBuilder, logits: Value, { network, options }: ChosenNetwork): Value {
  const name = "probabilities";
  if (network.result(options) === "sigmoid") return b.apply(sigmoid, [logits], {}, { name });
  return b.apply(softmax, [logits], { axis: 1 }, { name });
}
