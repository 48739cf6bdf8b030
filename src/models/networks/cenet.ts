// CE-Net: ResNet-34, a dense atrous block, multi-kernel pooling, and a decoder with added skips, under the names of the public version.
// Source: Gu et al. 2019; https://github.com/Guzaiwang/CE-Net, `networks/cenet.py`: its state_dict loads. It returns the sigmoid of
// these logits.
import { denseAtrous, poolKernels } from "../blocks/dense-atrous.ts";
import { scaleChannels } from "../blocks/layers.ts";
import { addedDecoder, finalHead } from "../decoders/added-decoder.ts";
import { resnet34 } from "../encoders/resnet.ts";
import { defineNetwork, type NetworkOptions, networkRules, resultOfClasses } from "../network.ts";

/** Options of `ceNet`. */
export interface CENetOptions extends NetworkOptions {
  /** Kernels (and strides) of the max pools. Default 2, 3, 5, 6. */
  readonly pools: readonly number[];
}

const names = { conv: "firstconv", norm: "firstbn", pool: "firstmaxpool", layer: "encoder" };

/** image [N, inChannels, H, W] to logits [N, classes, H, W]; H and W are multiples of 32, and at least 32 x the largest pool. */
export const ceNet = defineNetwork<CENetOptions>({
  name: "cenet",
  dimensions: 2,
  rules: {
    ...networkRules,
    pools: {
      text: "Kernels (and strides) of the max pools.",
      default: [2, 3, 5, 6],
      range: { integer: true, from: 1, to: 1024 },
    },
  },
  imageSize: ({ pools }) => ({ multiple: 32, least: 32 * Math.max(...pools), reason: "32 x the largest pool" }),
  result: resultOfClasses,
  build(b, image, { classes, width, pools }) {
    const { layer1, layer2, layer3, layer4 } = resnet34(b, image, width, names);
    const bottom = poolKernels(b, "spp", denseAtrous(b, "dblock", layer4), pools);
    const decoded = addedDecoder.build(b, [layer1, layer2, layer3, bottom], width);
    return { logits: finalHead(b, decoded, scaleChannels(32, width), classes) };
  },
});
