// Attention R2U-Net, under the names of the public PyTorch version: its state_dict loads.
// Source: Alom et al. 2018; https://github.com/LeeJunHyun/Image_Segmentation, `R2AttU_Net`.
import { type RecurrentOptions, recurrentShape, stepsRule } from "../blocks/recurrent.ts";
import { upRule, uShape } from "../blocks/u-shape.ts";
import { defineNetwork, networkRules, resultOfClasses } from "../network.ts";

/** Options of `attentionR2UNet`. */
export interface AttentionR2UNetOptions extends RecurrentOptions {}

/** image [N, inChannels, H, W] to logits [N, classes, H, W]; H and W are multiples of 16. */
export const attentionR2UNet = defineNetwork<AttentionR2UNetOptions>({
  name: "attention-r2unet",
  dimensions: 2,
  rules: { ...networkRules, ...upRule, ...stepsRule },
  imageSize: () => ({ multiple: 16, least: 16 }),
  result: resultOfClasses,
  build: (b, image, options) => ({ logits: uShape(b, image, options, { ...recurrentShape(options), gated: true }) }),
});
