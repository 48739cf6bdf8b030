// Attention U-Net, under the names of the public PyTorch version: its state_dict loads.
// Source: Oktay et al. 2018; https://github.com/LeeJunHyun/Image_Segmentation, `AttU_Net`.
import { doubleUnit, type UpOptions, upRule, uShape } from "../blocks/u-shape.ts";
import { defineNetwork, networkRules, resultOfClasses } from "../network.ts";

/** Options of `attentionUNet`. */
export interface AttentionUNetOptions extends UpOptions {}

/** image [N, inChannels, H, W] to logits [N, classes, H, W]; H and W are multiples of 16. */
export const attentionUNet = defineNetwork<AttentionUNetOptions>({
  name: "attention-unet",
  dimensions: 2,
  rules: { ...networkRules, ...upRule },
  imageSize: () => ({ multiple: 16, least: 16 }),
  result: resultOfClasses,
  build: (b, image, options) => ({
    logits: uShape(b, image, options, { unit: doubleUnit, names: ["Conv", "Up_conv"], gated: true }),
  }),
});
