// The decoder of MSFF-ResNet18: four steps of 1x1, transposed 3x3 and 1x1 convolutions, each joined with the encoder's map of its
// size, and a head that doubles once more. Source: the lumbar-spine MSFF paper.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { relu } from "../../ops/elementwise/activations.ts";
import { concat } from "../../ops/move/concat.ts";
import { channelsOf, conv, convTranspose, normRelu } from "../blocks/layers.ts";
import { squeezedUp } from "../blocks/squeezed-up.ts";
import { type Decoder, pickExactly } from "./decoder.ts";

/** With a kernel of 3 this doubles height and width. */
const doubling = { stride: 2, padding: 1, outputPadding: 1 } as const;

/**
 * Features at 1/2 to 1/32 to [N, c + c, H/2, W/2]: each step doubles and takes the next feature, coarsest first, whose channels c it
 * has.
 */
export const concatDecoder: Decoder = {
  pick: pickExactly([2, 4, 8, 16, 32]),
  build(b, features) {
    const [bottom, ...skips] = features.toReversed();
    return skips.reduce((below, skip, i) => {
      const name = `decoder${skips.length - i}`;
      return b.apply(concat, [step(b, name, below, channelsOf(skip)), skip], {}, { name: `${name}.skip` });
    }, bottom!);
  },
};

/** [N, C, h, w] to [N, outChannels, 2h, 2w]. */
function step(b: GraphBuilder, name: string, x: Value, outChannels: number): Value {
  return squeezedUp(b, x, {
    outChannels,
    names: [
      [`${name}.conv1`, `${name}.bn1`],
      [`${name}.up`, `${name}.bn2`],
      [`${name}.conv2`, `${name}.bn3`],
    ],
    output: name,
    transposed: { kernel: 3, ...doubling },
  });
}

/** [N, C, h, w] to logits [N, classes, 2h, 2w], by way of `middle` channels. */
export function doublingHead(b: GraphBuilder, x: Value, middle: number, classes: number): Value {
  const up = convTranspose(b, "head.up", x, { kernel: 3, outChannels: middle, bias: true, ...doubling });
  const raised = b.apply(relu, [up], {}, { name: "head.up.relu" });
  const unit = normRelu(b, "head.bn1", conv(b, "head.conv1", raised, { kernel: 3, outChannels: middle, padding: 1 }));
  return conv(b, "head.conv2", unit, { kernel: 3, outChannels: classes, padding: 1, bias: true });
}
