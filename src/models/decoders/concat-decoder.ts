// The decoder of MSFF-ResNet18: four steps of 1x1, transposed 3x3 and 1x1 convolutions, each joined with the encoder's map of its
// size, and a head that doubles once more. Source: the lumbar-spine MSFF paper.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { relu } from "../../ops/elementwise/activations.ts";
import { concat } from "../../ops/move/concat.ts";
import { channelsOf, conv, convTranspose, normRelu } from "../blocks/layers.ts";

/** With a kernel of 3 this doubles height and width. */
const doubling = { stride: 2, padding: 1, outputPadding: 1 } as const;

/**
 * x [N, C, h, w] to [N, c + c, 16h, 16w]: each step doubles and takes the next of `skips`, coarsest first, whose channels c it has.
 */
export function concatDecoder(b: GraphBuilder, x: Value, skips: readonly Value[]): Value {
  return skips.reduce((below, skip, i) => {
    const name = `decoder${skips.length - i}`;
    return b.apply(concat, [step(b, name, below, channelsOf(skip)), skip], {}, { name: `${name}.skip` });
  }, x);
}

/** [N, C, h, w] to [N, outChannels, 2h, 2w]. */
function step(b: GraphBuilder, name: string, x: Value, outChannels: number): Value {
  const middle = Math.max(1, Math.floor(channelsOf(x) / 4));
  const squeezed = normRelu(b, `${name}.bn1`, conv(b, `${name}.conv1`, x, { kernel: 1, outChannels: middle }));
  const up = convTranspose(b, `${name}.up`, squeezed, { kernel: 3, outChannels: middle, ...doubling });
  const raised = normRelu(b, `${name}.bn2`, up);
  return normRelu(b, `${name}.bn3`, conv(b, `${name}.conv2`, raised, { kernel: 1, outChannels }), name);
}

/** [N, C, h, w] to logits [N, classes, 2h, 2w], by way of `middle` channels. */
export function doublingHead(b: GraphBuilder, x: Value, middle: number, classes: number): Value {
  const up = convTranspose(b, "head.up", x, { kernel: 3, outChannels: middle, bias: true, ...doubling });
  const raised = b.apply(relu, [up], {}, { name: "head.up.relu" });
  const unit = normRelu(b, "head.bn1", conv(b, "head.conv1", raised, { kernel: 3, outChannels: middle, padding: 1 }));
  return conv(b, "head.conv2", unit, { kernel: 3, outChannels: classes, padding: 1, bias: true });
}
