// The LinkNet decoder of segmentation_models.pytorch, under its names.
// Source: Chaurasia and Culurciello 2017; https://github.com/qubvel/segmentation_models.pytorch, `decoders/linknet`.
import { add } from "../../ops/elementwise/arithmetic.ts";
import { channelsOf, scaleChannels } from "../blocks/layers.ts";
import { squeezedUp } from "../blocks/squeezed-up.ts";
import { type Decoder, pickExactly } from "./decoder.ts";

/** Features at 1/2 to 1/32 to [N, 32, H, W]: each step doubles and adds the next feature. */
export const linknetDecoder: Decoder = {
  pick: pickExactly([2, 4, 8, 16, 32]),
  build(b, features, width) {
    const [last, ...skips] = features.toReversed();
    return Array.from({ length: 5 }).reduce<(typeof skips)[number]>((below, _, i) => {
      const name = `decoder.blocks.${i}`;
      const skip = skips[i];
      const up = squeezedUp(b, below, {
        outChannels: skip ? channelsOf(skip) : scaleChannels(32, width),
        names: [
          [`${name}.block.0.0`, `${name}.block.0.1`],
          [`${name}.block.1.0`, `${name}.block.1.1`],
          [`${name}.block.2.0`, `${name}.block.2.1`],
        ],
        output: `${name}.block`,
        transposed: { kernel: 4, stride: 2, padding: 1, bias: true },
      });
      return skip ? b.apply(add, [up, skip], {}, { name }) : up;
    }, last!);
  },
};
