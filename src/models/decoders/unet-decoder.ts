// The U-Net decoder of segmentation_models.pytorch, under its names.
// Source: Ronneberger et al. 2015; https://github.com/qubvel/segmentation_models.pytorch, `decoders/unet`.
import { concat } from "../../ops/move/concat.ts";
import { resize2d } from "../../ops/sample/resize.ts";
import { convUnit } from "../blocks/conv-unit.ts";
import { channelsOf, scaleChannels } from "../blocks/layers.ts";
import { type Decoder, pickExactly } from "./decoder.ts";

const channels = [256, 128, 64, 32, 16];

/**
 * Features at 1/2 to 1/32 to [N, 16, H, W]: each block doubles by nearest neighbours, joins the next feature and convolves twice. An
 * encoder whose last feature is no deeper than the one before (VGG) has two convolutions more in front.
 */
export const unetDecoder: Decoder = {
  pick: pickExactly([2, 4, 8, 16, 32]),
  build(b, features, width) {
    const [last, ...skips] = features.toReversed();
    const deepest = channelsOf(last!);
    const needsCenter = channelsOf(skips[0]!) === deepest;
    const center = (x: typeof last) => {
      const first = convUnit(b, "decoder.center.0", x!, 3, deepest);
      return convUnit(b, "decoder.center.1", first, 3, deepest);
    };
    return channels.reduce(
      (below, count, i) => {
        const name = `decoder.blocks.${i}`;
        const doubled = b.apply(resize2d, [below], { scale: 2, mode: "nearest" }, { name: `${name}.up` });
        const skip = skips[i];
        const joined = skip ? b.apply(concat, [doubled, skip], {}, { name: `${name}.skip` }) : doubled;
        const outChannels = scaleChannels(count, width);
        const first = convUnit(b, `${name}.conv1`, joined, 3, outChannels);
        return convUnit(b, `${name}.conv2`, first, 3, outChannels);
      },
      needsCenter ? center(last) : last!,
    );
  },
};
