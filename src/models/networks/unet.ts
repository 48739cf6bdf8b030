// U-Net with batch norm, under the names of the public PyTorch version: its state_dict loads.
// Source: Ronneberger et al. 2015; https://github.com/LeeJunHyun/Image_Segmentation, `U_Net`.
import { doubleUnit, type UpOptions, upRule, uShape } from "../blocks/u-shape.ts";
import { defineNetwork, networkRules, resultOfClasses } from "../network.ts";

/** Options of `unet`. */
export interface UNetOptions extends UpOptions {}

/** image [N, inChannels, H, W] to logits [N, classes, H, W]; H and W are multiples of 16. */
export const unet = defineNetwork<UNetOptions>({
  name: "unet",
  dimensions: 2,
  rules: { ...networkRules, ...upRule },
  imageSize: () => ({ multiple: 16, least: 16 }),
  result: resultOfClasses,
  build: (b, image, options) => ({
    logits: uShape(b, image, options, { unit: doubleUnit, names: ["Conv", "Up_conv"], gated: false }),
  }),
});
