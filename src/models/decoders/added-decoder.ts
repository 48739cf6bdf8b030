// The decoder of CE-Net: as that of MSFF-ResNet18, with skips that are added and biases, under the names of the public version.
// Source: Gu et al. 2019; https://github.com/Guzaiwang/CE-Net, `networks/cenet.py`.
import type { GraphBuilder } from "../../graph/ir/builder.ts";
import type { Value } from "../../graph/ir/graph.ts";
import { relu } from "../../ops/elementwise/activations.ts";
import { add } from "../../ops/elementwise/arithmetic.ts";
import { channelsOf, conv, convTranspose, scaleChannels } from "../blocks/layers.ts";
import { squeezedUp } from "../blocks/squeezed-up.ts";
import { type Decoder, pickExactly } from "./decoder.ts";

/** Features at 1/4, 1/8, 1/16 and 1/32 to [N, 64, H/2, W/2]: each step doubles and adds the next feature. */
export const addedDecoder: Decoder = {
  pick: pickExactly([4, 8, 16, 32]),
  build(b, features, width) {
    const [quarter, eighth, sixteenth, last] = features as [Value, Value, Value, Value];
    const plus = (x: Value, skip: Value, number: number) =>
      b.apply(add, [step(b, number, x, channelsOf(skip)), skip], {}, { name: `decoder${number}.skip` });
    const decoded = plus(plus(plus(last, sixteenth, 4), eighth, 3), quarter, 2);
    return step(b, 1, decoded, scaleChannels(64, width));
  },
};

function step(b: GraphBuilder, number: number, x: Value, outChannels: number): Value {
  const name = `decoder${number}`;
  return squeezedUp(b, x, {
    outChannels,
    names: [
      [`${name}.conv1`, `${name}.norm1`],
      [`${name}.deconv2`, `${name}.norm2`],
      [`${name}.conv3`, `${name}.norm3`],
    ],
    output: name,
    transposed: { kernel: 3, stride: 2, padding: 1, outputPadding: 1, bias: true },
    bias: true,
  });
}

/** [N, C, h, w] to logits [N, classes, 2h, 2w], by way of `middle` channels. */
export function finalHead(b: GraphBuilder, x: Value, middle: number, classes: number): Value {
  const up = convTranspose(b, "finaldeconv1", x, { kernel: 4, outChannels: middle, stride: 2, padding: 1, bias: true });
  const raised = b.apply(relu, [up], {}, { name: "finalrelu1" });
  const spread = conv(b, "finalconv2", raised, { kernel: 3, outChannels: middle, padding: 1, bias: true });
  const active = b.apply(relu, [spread], {}, { name: "finalrelu2" });
  return conv(b, "finalconv3", active, { kernel: 3, outChannels: classes, padding: 1, bias: true });
}
