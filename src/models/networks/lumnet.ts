// LumNet: a VGG-11 encoder, and a decoder with attention in its skips. No code is public. Our choices: the gates and the decoder of
// Attention U-Net, under its names; the encoder, under torchvision's, ends before its last pool.
// Source: the abstract of LumNet, as the lumbar-spine MSFF paper cites it; https://github.com/LeeJunHyun/Image_Segmentation, `AttU_Net`.
import { concat } from "../../ops/move/concat.ts";
import { resize2d } from "../../ops/sample/resize.ts";
import { attentionGate } from "../blocks/attention-gate.ts";
import { channelsOf, conv } from "../blocks/layers.ts";
import { doubleUnit, numberedUnit } from "../blocks/u-shape.ts";
import { vgg11 } from "../encoders/vgg.ts";
import { defineNetwork, networkRules, resultOfClasses } from "../network.ts";

/** image [N, inChannels, H, W] to logits [N, classes, H, W]; H and W are multiples of 16. */
export const lumNet = defineNetwork({
  name: "lumnet",
  dimensions: 2,
  rules: networkRules,
  imageSize: () => ({ multiple: 16, least: 16 }),
  result: resultOfClasses,
  build(b, image, { classes, width }) {
    const maps = vgg11.features(b, image, { width, prefix: "", last: 16 });
    const decoded = maps.reduceRight((below, skip, i) => {
      const outChannels = channelsOf(skip);
      const name = `Up${i + 2}`;
      const doubled = b.apply(resize2d, [below], { scale: 2, mode: "nearest" }, { name: `${name}.up.0` });
      const up = numberedUnit(b, `${name}.up`, 1, doubled, outChannels);
      const joined = [attentionGate(b, `Att${i + 2}`, up, skip), up];
      return doubleUnit(b, `Up_conv${i + 2}`, b.apply(concat, joined, {}, { name: `${name}.skip` }), outChannels);
    });
    return { logits: conv(b, "Conv_1x1", decoded, { kernel: 1, outChannels: classes, bias: true }) };
  },
});
